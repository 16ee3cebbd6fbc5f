import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { findCell, initialState, saveState } from '../../../model/index.js'
import { sharedPath, testShared } from '../../shared.js'
import { inThisProcess, scratch, tinyModel, xenograd } from '../support.js'

test('convert: to TensorFlow and back, bit for bit, and never over what is there', async t => {
  const folder = scratch()
  const model = await tinyModel(folder)
  const checkpoint = join(folder, 'model_7.ckpt')
  const back = join(folder, 'back.safetensors')
  const again = join(folder, 'again.ckpt')
  const there = await xenograd(['convert', model, checkpoint])
  t.equal(there.code, 0, there.stderr)
  t.equal(there.stdout, '')
  t.equal((await inThisProcess(['convert', checkpoint, back])).code, 0)
  t.equal((await inThisProcess(['convert', back, again])).code, 0)
  for (const part of ['index', 'data-00000-of-00001'])
    t.deepEqual(readFileSync(`${again}.${part}`), readFileSync(`${checkpoint}.${part}`), part)

  const before = readFileSync(back)
  const refused = await inThisProcess(['convert', checkpoint, back])
  const refusedCheckpoint = await inThisProcess(['convert', back, checkpoint])
  const forced = await inThisProcess(['convert', '--force', model, again])
  const gru = await tinyModel(folder, { name: 'gru.safetensors', cell: 'gru' })
  const foreign = await inThisProcess(['convert', gru, join(folder, 'gru.ckpt')])
  t.equal(refused.code, 1)
  t.match(refused.stderr, /back\.safetensors exists already; choose another name, or use --force\n$/)
  t.deepEqual(readFileSync(back), before)
  t.equal(refusedCheckpoint.code, 1)
  t.equal(forced.code, 0, forced.stderr)
  t.equal(foreign.code, 1)
  t.match(foreign.stderr, /the reference has no cell 'gru'/)
  t.notOk(existsSync(join(folder, 'gru.ckpt.index')))
})

test("convert: to ONNX and to PyTorch's names and back, the same parameters; either scores as it is", async t => {
  const folder = scratch()
  const model = await tinyModel(folder)
  const reads = '>a\nACGTTGCANACGT\n>b\nGG\n'
  const scored = (path: string) => xenograd(['score', '-m', path], reads)
  const expected = await scored(model)
  for (const args of [['model.onnx'], ['torch.safetensors', '--layout', 'torch']]) {
    const [name, ...flags] = args
    const path = join(folder, name)
    const there = await inThisProcess(['convert', model, path, ...flags])
    t.equal(there.code, 0, there.stderr)
    t.equal((await scored(path)).stdout, expected.stdout, name)
    const back = join(folder, `${name}.back.safetensors`)
    t.equal((await inThisProcess(['convert', path, back])).code, 0)
  }
})

test('convert: what another format cannot hold is told, and nothing is written', async t => {
  const folder = scratch()
  const gru = await tinyModel(folder, { cell: 'gru' })
  const refused = await inThisProcess(['convert', gru, join(folder, 't.safetensors'), '--layout', 'torch'])
  t.equal(refused.code, 1)
  t.match(refused.stderr, /the cell 'gru' is not PyTorch's nn\.GRU/)
  t.notOk(existsSync(join(folder, 't.safetensors')))
  writeFileSync(join(folder, 'foreign.onnx'), 'no model')
  const foreign = await inThisProcess([
    'convert',
    join(folder, 'foreign.onnx'),
    join(folder, 'f.safetensors'),
  ])
  t.equal(foreign.code, 1)
  t.match(foreign.stderr, /foreign\.onnx: no ONNX file, or a damaged one: /)
  t.notOk(existsSync(join(folder, 'f.safetensors')))
})

test("convert: a cell of one's own to ONNX, with its file", async t => {
  const folder = scratch()
  const file = join(folder, 'mine.mjs')
  writeFileSync(
    file,
    `import { concat, defineCell } from 'xenograd'
export const mine = defineCell({
  name: 'mine',
  parameters: ({ input, hidden }) => ({ kernel: [input + hidden, hidden] }),
  carry: ['h'],
  step: ({ kernel }, { h }, x) => {
    const hNext = concat([x, h], 1).matmul(kernel).tanh()
    return { carry: { h: hNext }, out: hNext }
  },
})
`,
  )
  const model = join(folder, 'mine.safetensors')
  const options = { cell: await findCell(file), hidden: 3 }
  await saveState(model, options, initialState({ ...options, seed: 1 }), {})
  const path = join(folder, 'mine.onnx')
  const back = join(folder, 'back.safetensors')
  for (const args of [
    [model, path],
    [path, back],
  ]) {
    const { code, stderr } = await inThisProcess(['convert', ...args, '--cell', file])
    t.equal(code, 0, stderr)
  }
  const scored = await Promise.all(
    [model, path, back].map(name => xenograd(['score', '-m', name, '--cell', file], '>a\nACGTTGCA\n')),
  )
  t.equal(scored[0].code, 0, scored[0].stderr)
  for (const { stdout } of scored) t.equal(stdout, scored[0].stdout)
  t.match(
    (await xenograd(['info', path])).stderr,
    /a model of the cell 'mine', which does not come with Xenograd/,
  )
})

test('convert and info: the same model before and after', async t => {
  const folder = scratch()
  const model = await tinyModel(folder, { cell: 'layerNormLstm' })
  const checkpoint = join(folder, 'model_7.ckpt')
  await inThisProcess(['convert', model, checkpoint])
  const [before, after] = await Promise.all([xenograd(['info', model]), xenograd(['info', checkpoint])])
  t.equal(before.code, 0, before.stderr)
  const about = (stdout: string) =>
    Object.fromEntries(
      stdout
        .trimEnd()
        .split('\n')
        .map(line => line.split('\t')),
    )
  const known = about(before.stdout)
  t.equal(known.cell, 'layerNormLstm')
  t.equal(known.hidden, '4')
  t.equal(known.updates, '0')
  t.equal(known['tensor logits.kernel'], 'float32 [4, 4]')
  const { path, source, format, ...rest } = known
  t.equal(path, model)
  const converted = about(after.stdout)
  for (const [name, value] of Object.entries(rest)) t.equal(converted[name], value, name)
})

testShared("convert: the reference's checkpoint comes back byte for byte, settings included", async t => {
  const folder = scratch()
  const original = sharedPath('data/tf1-oracle/model/model_900.ckpt')
  const own = join(folder, 'm.safetensors')
  const back = join(folder, 'back', 'model_900.ckpt')
  mkdirSync(join(folder, 'back'))
  const first = await inThisProcess(['convert', original, own])
  t.equal(first.code, 0, first.stderr)
  copyFileSync(sharedPath('data/tf1-oracle/model/params.json'), join(folder, 'params.json'))
  const second = await inThisProcess(['convert', own, back])
  t.equal(second.code, 0, second.stderr)
  for (const part of ['index', 'data-00000-of-00001'])
    t.deepEqual(readFileSync(`${back}.${part}`), readFileSync(`${original}.${part}`), part)
  t.ok(existsSync(join(folder, 'back', 'params.json')))
  const { stdout } = await xenograd(['info', own])
  t.match(stdout, /\nupdates\t901\n/)
  t.match(stdout, /\nparameters\t4324\n/)
})
