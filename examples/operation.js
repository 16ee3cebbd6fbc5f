// A depthwise convolution over time, which the engine lacks: every channel of a sequence has a filter of its own. It is
// one reduction over two strided views, so that windows are never written out. `node examples/operation.js` tests it.
import { fileURLToPath } from 'node:url'
import { expr, operation, pad, reduceKernel } from 'xenograd'
import { checkOperation } from 'xenograd/testing'

const makeNode = operation('depthwiseConvolution', {
  // x [batch, length, channels] and filters [channels, size]: out[b, t, c] = Σ_j x[b, t + j, c] * filters[c, j]
  launches({ inputs, shape, dtype }, [x, filters]) {
    const size = inputs[1].shape[1]
    const [batch, time, channel] = x.strides
    const windows = { offset: x.offset, strides: [batch, time, channel, time] }
    const repeated = { offset: filters.offset, strides: [0, 0, ...filters.strides] }
    const views = [windows, repeated].map(view => ({ dtype, view }))
    return [{ kernel: reduceKernel('sum', dtype, [...shape, size], 1, views, expr.mul), args: [0, 1, 'out'] }]
  },
  vjp(g, { inputs: [x, filters] }) {
    const size = filters.shape[1]
    const padded = pad(g, 1, size - 1, size - 1)
    const products = x.windows(1, size).mul(g.unsqueeze(-1))
    return [depthwiseConvolution(padded, filters.flip(1)), products.sum([0, 1])]
  },
  // At all steps of a loop it is one convolution: of more sequences, or with filters of their own, of more channels.
  overSteps(node, [x, filters], steps) {
    const [batch, length, channels] = node.inputs[0].shape
    if (filters.fixed) {
      const all = x.stacked().reshape(steps * batch, length, channels)
      return depthwiseConvolution(all, filters.tensor).reshape(steps, ...node.shape)
    }
    const wide = x
      .stacked()
      .permute(1, 2, 0, 3)
      .reshape(batch, length, steps * channels)
    const stackedFilters = filters.stacked().reshape(steps * channels, -1)
    return depthwiseConvolution(wide, stackedFilters).reshape(batch, -1, steps, channels).permute(2, 0, 1, 3)
  },
  linearIn: () => [[0], [1]],
  sample(draw) {
    const [size, channels] = [draw.int(1, 3), draw.int(1, 3)]
    const x = [draw.int(1, 2), size + draw.int(0, 3), channels]
    return { inputs: [{ shape: x }, { shape: [channels, size] }], apply: depthwiseConvolution }
  },
})

/** x [batch, length, channels] with filters [channels, size]: [batch, length - size + 1, channels]. */
export function depthwiseConvolution(x, filters) {
  const [[batch, length, channels], [rows, size]] = [x.shape, filters.shape]
  if (rows !== channels || size > length)
    throw new RangeError(`depthwiseConvolution: x [${x.shape}] and filters [${filters.shape}] do not fit`)
  return makeNode([x, filters], [batch, length - size + 1, channels], x.dtype)
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const line of await checkOperation('depthwiseConvolution')) console.log(line)
