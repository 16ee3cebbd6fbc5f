import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'tape'
import { gru } from '../../../model/cells/gru.js'
import { lstm } from '../../../model/cells/lstm.js'
import { peepholeLstm } from '../../../model/cells/peepholeLstm.js'
import {
  readSafetensors,
  type StoredTensor,
  tensorOf,
  writeSafetensors,
} from '../../../model/checkpoint/index.js'
import { loadModel, saveTorchLayout } from '../../../model/index.js'
import { testPython } from '../../python.js'
import { modelOfCell, parametersOf, readsOf, scoresOf } from './models.js'

const script = fileURLToPath(new URL('../../../../test/model/saved/torchLayout.py', import.meta.url))

const folder = mkdtempSync(join(tmpdir(), 'xenograd-torch-'))
process.once('exit', () => rmSync(folder, { recursive: true }))
const path = join(folder, 'torch.safetensors')

/** Writes a file of these tensors. */
async function write(tensors: ReadonlyMap<string, StoredTensor>): Promise<void> {
  const toWrite = Array.from(tensors, ([name, t]) => [name, { ...t, data: async () => t.data }] as const)
  await writeSafetensors(path, { tensors: new Map(toWrite), metadata: { format: 'pt' } })
}

test("torch: a model goes out by PyTorch's names and comes back bit for bit", async t => {
  for (const embedding of [false, true]) {
    const model = await modelOfCell(lstm, { hidden: 5, embedding })
    await saveTorchLayout(path, model)
    const { tensors, metadata } = await readSafetensors(path)
    const shapes = Object.fromEntries(
      Array.from(tensors, ([name, { dtype, shape }]) => [name, `${dtype} ${shape}`]),
    )
    t.deepEqual(shapes, {
      'lstm.weight_ih_l0': 'F32 20,4',
      'lstm.weight_hh_l0': 'F32 20,5',
      'lstm.bias_ih_l0': 'F32 20',
      'lstm.bias_hh_l0': 'F32 20',
      'head.weight': 'F32 4,5',
      'head.bias': 'F32 4',
      ...(embedding && { 'embedding.weight': 'F32 4,4' }),
    })
    t.equal(metadata.format, 'pt')
    const back = await loadModel(path)
    t.deepEqual(await parametersOf(back), await parametersOf(model))
    t.equal(back.metadata.step, '7')
  }
})

test('torch: modules of other names, without biases, of 16 bits, as many hidden units as bases', async t => {
  const model = await modelOfCell(lstm, { hidden: 4, embedding: true })
  await saveTorchLayout(path, model)
  const { tensors } = await readSafetensors(path)
  const renamed = Array.from(tensors, ([name, tensor]): [string, StoredTensor] => [
    name
      .replace(/^lstm\./, '')
      .replace('head', 'model.out')
      .replace('embedding', 'model.token_emb'),
    tensor,
  ])
  await write(new Map(renamed))
  const expected = await parametersOf(model)
  t.deepEqual(await parametersOf(await loadModel(path)), expected, 'other names')
  await write(new Map(renamed.filter(([name]) => !name.includes('bias'))))
  const { 'cell.bias': bias, 'logits.bias': logitsBias } = await parametersOf(await loadModel(path))
  t.deepEqual(logitsBias, [0, 0, 0, 0])
  // Our cell adds 1 to the forget gate.
  t.deepEqual(bias, [0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, 0, 0, 0, 0])
})

test('torch: what is no such model is told', async t => {
  for (const [cell, message] of [
    [gru, /the cell 'gru' is not PyTorch's nn\.GRU, whose reset gate acts on the product/],
    [peepholeLstm, /PyTorch has no layer of the cell 'peepholeLstm'/],
  ] as const)
    t.match(String(await saveTorchLayout(path, await modelOfCell(cell)).catch(String)), message)

  await saveTorchLayout(path, await modelOfCell(lstm, { hidden: 5 }))
  const { tensors } = await readSafetensors(path)
  const zeros = (...shape: number[]) => tensorOf(new Float32Array(shape.reduce((a, b) => a * b)), shape)
  const cases: [Record<string, StoredTensor | undefined>, RegExp][] = [
    [
      { 'lstm.weight_hh_l0': zeros(15, 5) },
      /weight_hh_l0 is \[15,5\], wanted \[4 H, H\]: .*nn\.GRU, whose reset gate/,
    ],
    [{ 'lstm.weight_hh_l0': undefined }, /weight_hh_l0 is \[\], wanted \[4 H, H\]/],
    [
      { 'lstm.weight_ih_l0': zeros(20, 8) },
      /variable lstm\.weight_ih_l0 is F32 \[20,8\], wanted F32 \[20,4\]/,
    ],
    [
      { 'lstm.weight_ih_l1': zeros(20, 5) },
      /more than one nn\.LSTM and one nn\.Linear in it: lstm\.weight_ih_l1/,
    ],
    [
      { 'other.weight_ih_l0': zeros(20, 4) },
      /two recurrent layers, lstm\.weight_ih_l0 and other\.weight_ih_l0/,
    ],
    [
      { 'norm.weight': zeros(5) },
      /2 layers after the LSTM \(head\.weight, norm\.weight\), wanted one nn\.Linear/,
    ],
    [{ 'head.weight': zeros(2, 5) }, /variable head\.weight is F32 \[2,5\], wanted F32 \[4,5\]/],
    [{ 'head.weight': undefined }, /0 layers after the LSTM/],
    [{ 'lstm.bias_hh_l0': undefined }, /variable lstm\.bias_hh_l0 \(F32 \[20\]\) is missing/],
    [{ 'embedding.weight': zeros(5, 4) }, /variable embedding\.weight is F32 \[5,4\], wanted F32 \[4,4\]/],
  ]
  for (const [changes, message] of cases) {
    const changed = new Map(tensors)
    for (const [name, tensor] of Object.entries(changes))
      if (tensor) changed.set(name, tensor)
      else changed.delete(name)
    await write(changed)
    t.match(String(await loadModel(path).catch(String)), message)
  }
})

testPython(
  "torch: PyTorch's nn.LSTM scores as we do, from our file and from its own",
  ['torch'],
  async (t, run) => {
    const reads = readsOf([80, 80, 80]).map(read => read.map(base => base % 4))
    for (const embedding of [false, true]) {
      const model = await modelOfCell(lstm, { hidden: 9, embedding })
      await saveTorchLayout(path, model)
      const own = join(folder, 'own.safetensors')
      const task = { path, own, hidden: 9, embedding, reads: reads.map(read => [...read]) }
      const theirs = run(script, task) as { read: number[]; own: number[] }
      const loaded = await loadModel(own)
      for (const [name, scored, expected] of [
        ['our file', model, theirs.read],
        ['its own', loaded, theirs.own],
      ] as const)
        (await scoresOf(scored, reads)).sums.forEach(({ mean }, i) => {
          const difference = Math.abs(mean - expected[i])
          t.ok(difference < 1e-6, `${name}, read ${i}: ${mean}, PyTorch ${expected[i]}`)
        })
    }
  },
)
