import { createRequire } from 'node:module'
import { join } from 'node:path'
import test from 'tape'
import { gpuOrSkip } from '../engine/gpu/support.js'
import { testShared } from '../shared.js'
import { scoreReference, trainFifty, trainingReads, worstLoss } from './onDevice.js'
import { scratch, shell, tinyModel } from './support.js'

testShared("score --device gpu: the reference's likelihoods of its test reads", async t => {
  if (!(await gpuOrSkip(t))) return
  const { code, stderr, worst } = await scoreReference(['--device', 'gpu', '--gpu-allow-cpu'])
  t.equal(code, 0, stderr)
  t.ok(worst < 1e-5, `largest difference ${worst.toExponential(2)} nats per base`)
})

test('train --device gpu: the same masks and mutations as wasm, the same losses', async t => {
  if (!(await gpuOrSkip(t))) return
  const reads = await trainingReads()
  const wasm = await trainFifty(reads, ['--device=wasm'])
  const gpu = await trainFifty(reads, ['--device=gpu', '--gpu-allow-cpu'])
  t.equal(gpu.code, 0, gpu.stderr)
  t.match(gpu.stderr, /device gpu: gpu\.js, WebGPU on \S/, 'the banner')
  t.equal(wasm.losses.length, 50)
  t.ok(wasm.losses[49] < wasm.losses[0], 'it learns')
  const worst = worstLoss(wasm.losses, gpu.losses)
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
