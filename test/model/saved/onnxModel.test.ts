import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'tape'
import {
  type Cell,
  concat,
  defineCell,
  dispose,
  elementwise,
  expr,
  type OnnxNode,
  randomBits,
  randomKey,
  tensor,
} from '../../../engine/index.js'
import { gru } from '../../../model/cells/gru.js'
import { lstm } from '../../../model/cells/lstm.js'
import { decodeOnnx } from '../../../model/checkpoint/index.js'
import { loadModel, type SavedModel, saveOnnxModel, shippedCells } from '../../../model/index.js'
import { type RunOnnx, testOnnx } from '../../onnxruntime.js'
import { testPython } from '../../python.js'
import { foreignOnnx, modelOfCell, parametersOf, readsOf, scoresOf } from './models.js'

const folder = mkdtempSync(join(tmpdir(), 'xenograd-onnx-'))
process.once('exit', () => rmSync(folder, { recursive: true }))

const scriptOf = (name: string) =>
  fileURLToPath(new URL(`../../../../test/model/saved/${name}`, import.meta.url))

/** An operation that the package does not have. */
const elu = elementwise('eluOfTest', {
  expr: x => expr.select(expr.lt(x, 0), expr.sub(expr.exp(x), 1), x),
  vjp: (g, [x]) => [g.mul(x.minimum(0).exp())],
})

/** A cell of a user's own: with an operation of its own, a table in its code, a reduction, and an output that is no carry. */
const ownCell = defineCell({
  name: 'ownCell',
  parameters: ({ input, hidden }) => ({ kernel: [input + hidden, 3 * hidden], bias: [3 * hidden] }),
  carry: ['fast', 'slow'],
  step: ({ kernel, bias }, { fast, slow }, x) => {
    const [a, b, c] = concat([x, fast], 1).matmul(kernel).add(bias).split(1, 3)
    const weights = tensor([[0.1], [-0.2], [0.3], [0.4]])
    const fastNext = elu(a).mul(b.sigmoid()).add(x.matmul(weights)).minimum(3)
    const slowNext = slow.mul(0.9).add(c.tanh().mul(fastNext.max(1, true)))
    return { carry: { fast: fastNext, slow: slowNext }, out: fastNext.add(slowNext.abs().sqrt()) }
  },
})

/** Whether a model's file scores reads as we do, to 1e-5 nats; also shorter and longer batches than one another. */
async function scoresDiffer(model: SavedModel, file: Uint8Array, run: RunOnnx): Promise<string[]> {
  const problems: string[] = []
  const note = (what: string, theirs: number, ours: number) => {
    if (!(Math.abs(theirs - ours) < 1e-5)) problems.push(`${what}: ${theirs}, wanted ${ours}`)
  }
  for (const lengths of [[2], [250, 90, 2, 33, 1]]) {
    const reads = readsOf(lengths)
    const longest = Math.max(...lengths)
    const data = new Int32Array(reads.length * longest).fill(4)
    reads.forEach((read, i) => {
      data.set(read, i * longest)
    })
    const ours = await scoresOf(model, reads)
    const theirs = await run(file, { tokens: { data, shape: [reads.length, longest] } })
    for (const [i, { sum, count, mean }] of ours.sums.entries()) {
      note(`predictions of read ${i}`, theirs.predictions.data[i], count)
      const theirSum = theirs.log_likelihood.data[i]
      // The scores that we print are means; sums of hundreds of bases differ by more in float32.
      note(`read ${i}`, count ? theirSum / count : theirSum, count ? mean : sum)
      for (let j = 0; j < longest; j++)
        note(
          `base ${j} of read ${i}`,
          theirs.base_log_likelihood.data[i * longest + j],
          ours.perBase[i][j] ?? 0,
        )
    }
  }
  return problems
}

const saved = async (model: SavedModel): Promise<{ path: string; file: Uint8Array }> => {
  const path = join(folder, `${model.options.cell.name}.onnx`)
  await saveOnnxModel(path, model)
  return { path, file: await readFile(path) }
}

const cells: readonly Cell[] = [...(await shippedCells()), ownCell]

for (const cell of cells) {
  testOnnx(`onnx: ${cell.name} scores reads in onnxruntime as it does here`, async (t, run) => {
    for (const embedding of [false, true]) {
      const model = await modelOfCell(cell, { embedding })
      const { file } = await saved(model)
      t.deepEqual(await scoresDiffer(model, file, run), [], embedding ? 'with an embedding' : 'one-hot')
      dispose(model.state)
    }
  })

  test(`onnx: ${cell.name} comes back bit for bit`, async t => {
    for (const embedding of [false, true]) {
      const model = await modelOfCell(cell, { embedding, seed: 5 })
      const { path } = await saved(model)
      const back = await loadModel(path, cell === ownCell ? cell : undefined)
      t.deepEqual(await parametersOf(back), await parametersOf(model))
      t.deepEqual([back.options.cell, back.options.hidden, back.options.embedding], [cell, 6, embedding])
      t.equal(back.metadata.step, '7')
      t.equal(back.metadata.seed, '12')
    }
  })
}

test('onnx: the built-in LSTM and GRU are the operators, other cells a Scan', async t => {
  const operators = async (cell: Cell) =>
    decodeOnnx((await saved(await modelOfCell(cell))).file).graph.nodes.map(({ operator }) => operator)
  for (const cell of cells) {
    const loops = (await operators(cell)).filter(name => ['LSTM', 'GRU', 'Scan'].includes(name))
    t.deepEqual(loops, [cell === lstm ? 'LSTM' : cell === gru ? 'GRU' : 'Scan'], cell.name)
  }
  // A cell of the same name is another cell.
  t.ok((await operators({ ...gru, name: 'lstm' })).includes('Scan'))
})

test('onnx: a cell that cannot be exported is told, and no file is left', async t => {
  const noisy = defineCell({
    ...lstm,
    name: 'noisy',
    step: (p, carry, x, dropout) => {
      const noise = randomBits(randomKey(1), x.shape).cast('float32')
      return lstm.step(p, carry, x.add(noise), dropout)
    },
  })
  const path = join(folder, 'noisy.onnx')
  const error = await saveOnnxModel(path, await modelOfCell(noisy)).catch(String)
  t.match(String(error), /the operation 'randomBits' has no form in ONNX/)
  t.notOk(await readFile(path).catch(() => undefined))
})

testPython("onnx: ONNX's own checker finds nothing wrong", ['onnx'], async (t, run) => {
  const paths = await Promise.all(cells.map(async cell => (await saved(await modelOfCell(cell))).path))
  t.deepEqual(
    run(scriptOf('checkOnnx.py'), paths),
    paths.map(() => ({ operatorSet: 17, problem: null })),
  )
})

async function foreign(
  change: (nodes: OnnxNode[]) => OnnxNode[] = nodes => nodes,
  cell: Cell = lstm,
): Promise<{ path: string; model: SavedModel }> {
  const model = await modelOfCell(cell, { hidden: 5 })
  const path = join(folder, 'foreign.onnx')
  await writeFile(path, foreignOnnx((await saved(model)).file, change))
  return { path, model }
}
test("onnx: other programs' LSTM and GRU with a linear layer are read", async t => {
  for (const cell of [lstm, gru]) {
    const { path, model } = await foreign(undefined, cell)
    const back = await loadModel(path)
    t.deepEqual(await parametersOf(back), await parametersOf(model), cell.name)
    t.equal(back.metadata.made, 'elsewhere')
    t.equal(back.metadata.source, 'ONNX')
  }
})

test('onnx: a linear layer, and what a layer is given, may be written in several ways', async t => {
  const { path, model } = await foreign()
  const { nodes } = decodeOnnx(await readFile(path)).graph
  const [h] = nodes.find(({ operator }) => operator === 'MatMul')!.inputs
  const { 'logits.kernel': kernel, 'logits.bias': bias } = await parametersOf(model)
  const others: OnnxNode = {
    operator: 'Constant',
    inputs: [],
    outputs: ['rows'],
    // A row for each base: the kernel transposed.
    attributes: {
      value: {
        name: '',
        shape: [4, 5],
        data: Float32Array.from({ length: 20 }, (_, i) => kernel[(i % 5) * 4 + Math.floor(i / 5)]),
      },
    },
  }
  const identity: OnnxNode = {
    operator: 'Constant',
    inputs: [],
    outputs: ['table'],
    attributes: {
      value: {
        name: '',
        shape: [4, 4],
        data: Float32Array.from({ length: 16 }, (_, i) => Number(i % 5 === 0)),
      },
    },
  }
  /** The nodes with one of them replaced. */
  const replaced =
    (operator: string, change: Partial<OnnxNode>, ...before: OnnxNode[]) =>
    (nodes: OnnxNode[]) => [
      ...before,
      ...nodes.map(node => (node.operator === operator ? { ...node, ...change } : node)),
    ]
  const dense = (inputs: string[], attributes = {}) => ({
    operator: 'Gemm',
    inputs: [h, ...inputs],
    attributes,
  })
  const turned: OnnxNode = { operator: 'Transpose', inputs: ['rows'], outputs: ['columns'], attributes: {} }
  const variants: [string, (nodes: OnnxNode[]) => OnnxNode[]][] = [
    ['Gemm', replaced('MatMul', dense(['logits.kernel', 'logits.bias']))],
    ['Gemm, transposed', replaced('MatMul', dense(['rows', 'logits.bias'], { transB: 1, alpha: 1 }), others)],
    ['a transposed constant', replaced('MatMul', { inputs: [h, 'columns'] }, others, turned)],
    [
      'rows of the identity',
      replaced('OneHot', { operator: 'Gather', inputs: ['table', 'bases'] }, identity),
    ],
  ]
  for (const [name, change] of variants) {
    const back = await loadModel((await foreign(change)).path)
    t.deepEqual(await parametersOf(back), await parametersOf(model), name)
    t.equal(back.options.embedding, false)
  }
  const without = await loadModel(
    (await foreign(nodes => nodes.filter(({ operator }) => operator !== 'Add'))).path,
  )
  t.deepEqual((await parametersOf(without))['logits.bias'], [0, 0, 0, 0], `no bias instead of ${bias}`)
  const withTable = await loadModel(
    (
      await foreign(
        replaced(
          'OneHot',
          { operator: 'Gather', inputs: ['rows', 'bases'] },
          {
            ...others,
            attributes: { value: { name: '', shape: [4, 4], data: Float32Array.from(kernel.slice(0, 16)) } },
          },
        ),
      )
    ).path,
  )
  t.deepEqual((await parametersOf(withTable))['embedding.table'], kernel.slice(0, 16))
})

test('onnx: what is no model of ours is told', async t => {
  const isOperator = ({ operator }: OnnxNode) => operator === 'LSTM'
  const withAttributes = (attributes: OnnxNode['attributes']) => (nodes: OnnxNode[]) =>
    nodes.map(node =>
      isOperator(node) ? { ...node, attributes: { ...node.attributes, ...attributes } } : node,
    )
  const withInput = (position: number, name: string) => (nodes: OnnxNode[]) =>
    nodes.map(node => {
      if (!isOperator(node)) return node
      const inputs = Array.from(
        { length: Math.max(node.inputs.length, position + 1) },
        (_, i) => node.inputs[i] ?? '',
      )
      inputs[position] = name
      return { ...node, inputs }
    })
  const renamed = (from: string, to: string) => (nodes: OnnxNode[]) =>
    nodes.map(node => (node.operator === from ? { ...node, operator: to } : node))
  const cases: [string, (nodes: OnnxNode[]) => OnnxNode[], RegExp][] = [
    [
      'direction',
      withAttributes({ direction: 'reverse' }),
      /its LSTM has direction "reverse", which no cell of ours does/,
    ],
    ['layout', withAttributes({ layout: 1 }), /its LSTM has layout 1/],
    ['clip', withAttributes({ clip: 3 }), /its LSTM has clip 3/],
    [
      'activations',
      withAttributes({ activations: ['Sigmoid', 'Relu', 'Tanh'] }),
      /has activations \["Sigmoid","Relu","Tanh"\]/,
    ],
    ['lengths', withInput(4, 'lengths'), /is given lengths of sequences/],
    ['a carry', withInput(5, 'state'), /does not begin with zeros/],
    ['peepholes', withInput(7, 'cell.B'), /has peepholes, which our cell 'lstm' has not/],
    ['weights', withInput(1, 'logits.kernel'), /input W of its LSTM is \[5,4\], wanted \[1,20,4\]/],
    ['no constant', withInput(2, 'elsewhere'), /has weights R that are no constant \[1, 4 H, H\]/],
    ['input', renamed('OneHot', 'Tanh'), /its LSTM is given the result of Tanh; wanted one-hot bases/],
    ['head', renamed('MatMul', 'Relu'), /the layer after its LSTM is Relu, wanted a linear layer/],
    ['no layer', nodes => nodes.filter(isOperator), /the layer after its LSTM is not there/],
    ['no LSTM', renamed('LSTM', 'RNN'), /no LSTM or GRU in the graph \(it has OneHot, RNN, Squeeze, /],
    ['another set', renamed('LSTM', 'com.mine.LSTM'), /no LSTM or GRU in the graph/],
    ['two', nodes => [...nodes, ...nodes.filter(isOperator)], /several recurrent layers in the graph/],
    [
      'two heads',
      nodes => [
        ...nodes,
        { operator: 'Relu', inputs: nodes.filter(isOperator)[0].outputs, outputs: ['x'], attributes: {} },
      ],
      /the result of its LSTM goes to Squeeze and Relu/,
    ],
  ]
  for (const [name, change, message] of cases) {
    const { path } = await foreign(change)
    const error: unknown = await loadModel(path).catch((error: unknown) => error)
    t.match(String(error), message, name)
    t.match(String(error), /^CheckpointError: .*foreign\.onnx: /)
  }
  const { path } = await foreign(
    nodes =>
      nodes.map(node =>
        node.operator === 'GRU' ? { ...node, attributes: { linear_before_reset: 1 } } : node,
      ),
    gru,
  )
  t.match(
    String(await loadModel(path).catch(String)),
    /GRU has linear_before_reset 1 \(as PyTorch's and Keras' GRU has it; ours has 0\)/,
  )
  t.match(
    String(await loadModel(join(folder, 'none.onnx')).catch(String)),
    /no such file; give a safetensors or ONNX file/,
  )
})

testPython("onnx: PyTorch's own export is read, and scores as it does there", ['torch'], async (t, run) => {
  for (const batchFirst of [true, false]) {
    const path = join(folder, 'torch.onnx')
    const reads = readsOf([60, 60, 60]).map(read => read.map(base => base % 4))
    const theirs = run(scriptOf('exportTorch.py'), {
      path,
      batchFirst,
      reads: reads.map(read => [...read]),
    }) as number[]
    const model = await loadModel(path)
    const { sums } = await scoresOf(model, reads)
    sums.forEach(({ mean }, i) => {
      t.ok(Math.abs(mean - theirs[i]) < 1e-6, `read ${i}: ${mean}, PyTorch ${theirs[i]}`)
    })
  }
})
