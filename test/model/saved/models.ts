import { bitsAt, keyFromSeed, uniformAt } from '../../../engine/hostRandom.js'
import { type Cell, entries, fillTree, leaves, type OnnxNode, tensor } from '../../../engine/index.js'
import { decodeOnnx, encodeOnnx } from '../../../model/checkpoint/index.js'
import { initialState, type LogLikelihood, type SavedModel, Scorer } from '../../../model/index.js'

/** A model no parameter of which has the value that it begins with. */
export async function modelOfCell(
  cell: Cell,
  { hidden = 6, embedding = false, seed = 1 } = {},
): Promise<SavedModel> {
  const options = { cell, hidden, embedding }
  const state = initialState({ ...options, seed })
  const moved = leaves(state.parameters).map(async (t, i) => {
    const values = Float32Array.from(await t.data())
    const key = keyFromSeed(seed)
    return tensor(
      values.map((x, j) => x + uniformAt(key, i, j) - 0.5),
      { shape: t.shape },
    )
  })
  const parameters = fillTree(state.parameters, await Promise.all(moved))
  return { path: 'model', options, state: { ...state, parameters }, metadata: { step: '7', seed: '12' } }
}

/** Reads of some lengths, with unknown bases here and there. */
export const readsOf = (lengths: readonly number[], seed = 1): Uint8Array[] =>
  lengths.map((length, i) =>
    Uint8Array.from({ length }, (_, j) => {
      const bits = bitsAt(keyFromSeed(seed), i, j) >>> 0
      return bits % 37 === 0 ? 4 : (bits >>> 8) % 4
    }),
  )

/** Our own scores of reads: of each read, and of every base of it. */
export async function scoresOf(
  { options, state }: SavedModel,
  reads: readonly Uint8Array[],
): Promise<{ sums: LogLikelihood[]; perBase: Float32Array[] }> {
  const scorer = new Scorer(options, state.parameters)
  const perBase = reads.map(read => new Float32Array(read.length))
  const sums = await scorer.score(reads, { perBase })
  scorer.dispose()
  return { sums, perBase }
}

/** A model's parameters by their names, to compare. */
export const parametersOf = async ({ state }: SavedModel): Promise<Record<string, number[]>> =>
  Object.fromEntries(
    await Promise.all(entries(state.parameters).map(async ([name, t]) => [name, Array.from(await t.data())])),
  )

/**
 * Our file of an LSTM or a GRU as another program would have it: without our metadata, from one-hot bases to logits. `change`
 * is given its nodes.
 */
export function foreignOnnx(
  file: Uint8Array,
  change: (nodes: OnnxNode[]) => OnnxNode[] = nodes => nodes,
): Uint8Array {
  const { graph } = decodeOnnx(file)
  const layer = graph.nodes.findIndex(({ operator }) => ['LSTM', 'GRU'].includes(operator))
  const begin: OnnxNode = {
    operator: 'OneHot',
    inputs: ['bases'],
    outputs: [graph.nodes[layer].inputs[0]],
    attributes: {},
  }
  const rest = graph.nodes.slice(layer)
  const sum = rest.findIndex(({ operator }) => operator === 'Add')
  const nodes = change([begin, ...rest.slice(0, sum + 1)])
  return encodeOnnx({ graph: { ...graph, nodes }, metadata: { made: 'elsewhere' } })
}
