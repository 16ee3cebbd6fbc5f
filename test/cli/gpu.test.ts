import { mkdir, readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import test from 'tape'
import { syntheticReads, writeReads } from '../../data/index.js'
import { gpuOrSkip } from '../engine/gpu/support.js'
import { sharedPath, testShared } from '../shared.js'
import { rowsOf, scratch, shell, tinyModel, xenograd } from './support.js'

testShared("score --device gpu: the reference's likelihoods of its test reads", async t => {
  if (!(await gpuOrSkip(t))) return
  const oracle = (name: string) => sharedPath(`data/tf1-oracle/${name}`)
  // The reference's test file holds the first 125 bases of each read (reference.md section 6).
  const text = await readFile(oracle('test_data.fa'), 'utf8')
  const records = text.split('>').slice(1)
  const cut = records.map(record => {
    const [name, ...bases] = record.split('\n')
    return `>${name.trim()}\n${bases.join('').slice(0, 125)}\n`
  })
  const wanted = (await readFile(oracle('lstm_ll_class0.txt'), 'utf8')).trim().split('\n').map(Number)
  const { code, stdout, stderr } = await xenograd(
    ['score', '--device', 'gpu', '--gpu-allow-cpu', '-m', oracle('model/model_900.ckpt')],
    cut.join(''),
  )
  t.equal(code, 0, stderr)
  const found = rowsOf(stdout).map(row => Number(row[3]))
  const worst = Math.max(...wanted.map((x, i) => Math.abs(x - found[i])))
  t.equal(found.length, wanted.length)
  t.ok(worst < 1e-5, `largest difference ${worst.toExponential(2)} nats per base`)
})

test('train --device gpu: the same masks and mutations as wasm, the same losses', async t => {
  if (!(await gpuOrSkip(t))) return
  const root = scratch()
  const data = join(root, 'in_tr')
  await mkdir(data)
  await writeReads(
    join(data, 'in_tr.tfrecord'),
    syntheticReads({ split: 'in_tr', count: 300, length: 30, seed: 3 }),
  )
  const losses = async (device: string): Promise<number[]> => {
    const out = join(root, device)
    const { code, stderr } = await xenograd([
      ...['train', '--device', device, '--gpu-allow-cpu', `--out_dir=${out}`, `--in_tr_data_dir=${data}`],
      ...['--in_val_data_dir=', '--ood_val_data_dir=', '--num_steps=50', '--val_freq=100', '--log_freq=1'],
      ...['--hidden_lstm_size=12', '--batch_size=20', '--seq_len=30', '--learning_rate=0.01'],
      ...['--mutation_rate=0.1', '--dropout_rate=0.2', '--reg_weight=1e-4'],
    ])
    t.equal(code, 0)
    t.match(stderr, device === 'gpu' ? /device gpu: gpu\.js, WebGPU on \S/ : /device wasm: /, 'the banner')
    const [run] = await readdir(out)
    const lines = (await readFile(join(out, run, 'metrics.jsonl'), 'utf8')).trim().split('\n')
    return lines.map(line => (JSON.parse(line) as { loss: number }).loss)
  }
  const [wasm, gpu] = [await losses('wasm'), await losses('gpu')]
  const worst = Math.max(...wasm.map((x, i) => Math.abs(x - gpu[i]) / x))
  t.equal(wasm.length, 50)
  t.equal(gpu.length, 50)
  t.ok(wasm[49] < wasm[0], 'it learns')
  t.ok(worst < 1e-4, `50 steps, largest relative difference ${worst.toExponential(1)}`)
})

test('--device gpu where something is missing: one line that says what, and an exit code', async t => {
  const model = await tinyModel(scratch())
  const run = (environment: string) =>
    shell(
      `${environment} '${process.execPath}' '${join(import.meta.dirname, '../../cli/main.js')}' score --device gpu -m '${model}' < /dev/null`,
    )
  const refused = async (environment: string, why: RegExp) => {
    const { code, stdout, stderr } = await run(environment)
    t.notEqual(code, 0)
    t.equal(stdout, '')
    const [line, ...more] = stderr.split('\n').filter(line => line.startsWith('xenograd:'))
    t.match(line, why)
    t.deepEqual(more, [])
  }
  if (!isInstalled('gpu.js'))
    await refused('XENOGRAD_GPU_PACKAGES=', /device 'gpu': the package gpu.js is not installed; npm install /)
  if (await gpuOrSkip(t))
    await refused(
      'VK_DRIVER_FILES=/none VK_ICD_FILENAMES=/none',
      /device 'gpu': WebGPU finds no adapter; install /,
    )
})

/** Whether a package is there without being told where. */
function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}
