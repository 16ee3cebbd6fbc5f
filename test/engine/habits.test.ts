import test from 'tape'
import {
  arange,
  concat,
  dropout,
  gradients,
  pad,
  scan,
  scatterAdd,
  type Tensor,
  tensor,
  zeros,
} from '../../engine/index.js'

// engine/GUIDE.md: what those write who come from NumPy, JAX or PyTorch, and what becomes of it.

const x = tensor([
  [1, 2, 3, 4],
  [5, 6, 7, 8],
])
/** A tensor with methods of which the type checker knows nothing, as in a JavaScript program. */
const untyped = (t: Tensor) => t as unknown as Record<string, (...args: unknown[]) => unknown>

test('both orders of arguments are taken where they can be told apart', async t => {
  const arrays = (ts: readonly Tensor[]) => Promise.all(ts.map(y => y.array()))
  t.deepEqual(await arrays(x.split([1, 3], 1)), await arrays(x.split(1, [1, 3])), 'split')
  t.deepEqual(await arrays(x.split([1, 1])), await arrays(x.split(0, 2)), 'split along the first axis')
  const widths = [
    [0, 1],
    [2, 0],
  ] as const
  t.deepEqual(await pad(x, widths).array(), await pad(pad(x, 0, 0, 1), 1, 2, 0).array(), 'pad')
  t.deepEqual(x.reshape([4, 2]).shape, [4, 2], 'reshape')
  t.deepEqual(x.permute([1, 0]).shape, [4, 2], 'permute')
  t.deepEqual(x.unsqueeze(0).expand([3, -1, 4]).shape, [3, 2, 4], 'expand')
  t.deepEqual(await x.flip().array(), await x.flip([0, 1]).array(), 'flip')
  t.deepEqual(await x.flip().array(), await x.flip(0).flip(1).array(), 'flip of all axes')
  t.deepEqual(x.reshape(1, 8, 1).squeeze().shape, [8], 'squeeze')
  t.deepEqual(x.reshape(1, 8, 1).squeeze([0, -1]).shape, [8], 'squeeze of two axes')
  t.deepEqual(x.reshape(2, 2, 2).swapAxes(0, -1).shape, [2, 2, 2], 'swapAxes')
  t.deepEqual(await x.swapAxes(0, 1).array(), await x.transpose().array(), 'swapAxes of a matrix')
  t.deepEqual(await arange(3).array(), [0, 1, 2], 'arange')
  t.deepEqual(await arange(5, -1, -2, 'float32').array(), [5, 3, 1], 'arange with start, stop and step')
  t.deepEqual(await x.maximum(3).array(), await x.max2(3).array(), 'max2 is maximum')
  t.deepEqual(await x.minimum(3).array(), await x.min2(3).array(), 'min2 is minimum')
})

test('where they cannot, the error says what was probably meant', async t => {
  t.throws(() => x.split(4, 1), /the axis comes first: split\(1, 4\) makes 4 parts of axis 1/)
  t.throws(() => untyped(x).transpose(0, 1), /transpose: it takes no axes.*use swapAxes\(a, b\)/)
  t.throws(() => untyped(x).max(x), /max: got a tensor, give axes.*x\.maximum\(y\)/)
  t.throws(() => untyped(x).sum(x), /sum: got a tensor, give axes.*x\.add\(y\)/)
  t.throws(() => untyped(x).gather(0, tensor([1], { dtype: 'int32' })), /gather: the index is no tensor/)
  t.throws(
    () => (scatterAdd as (...args: unknown[]) => unknown)(0, tensor([1], { dtype: 'int32' }), x),
    /scatterAdd: give index and source as tensors/,
  )
  t.throws(() => tensor([1, 2]).matmul(tensor([1, 2])), /unsqueeze a vector/)
  t.throws(
    () => (zeros as (...args: unknown[]) => unknown)(2, 3),
    /zeros: shape 2; give the sizes .* in one array/,
  )
  t.throws(() => (concat as (...args: unknown[]) => unknown)(x, x), /concat: give the tensors in an array/)
  t.throws(
    () => scan((c: Tensor) => [c, c] as unknown as { carry: Tensor; out: Tensor }, x, x),
    /must, as a record, not as a pair/,
  )
  t.throws(() => untyped(x).cast('int64'), /cast: there is no dtype 'int64'; give float32, float64, int32/)
  const untypedTensor = tensor as (...args: unknown[]) => unknown
  t.throws(
    () => untypedTensor([1], 'int32'),
    /tensor: .*by their names: tensor\(values, \{ dtype: 'int32' \}\)/,
  )
  t.throws(
    () => untypedTensor([1, 2], [2, 1]),
    /tensor: .*by their names: tensor\(values, \{ shape: \[2,1\] \}\)/,
  )
  t.throws(() => untypedTensor([1], { dtype: 'bool' }), /tensor: there is no dtype 'bool'/)
  t.throws(() => (zeros as (...args: unknown[]) => unknown)([1], 'int64'), /there is no dtype 'int64'/)
  t.throws(() => arange(0, 1, 0.1), /arange: .* as int32; give whole numbers/)
  t.throws(() => (pad as (...args: unknown[]) => unknown)(x, [1, 2]), /pad: .*pad\(x, axis, before, after\)/)
  t.throws(() => (dropout as (...args: unknown[]) => unknown)(x, 0.5), /give one made by randomKey or fold/)
  t.throws(() => (gradients as (...args: unknown[]) => unknown)(() => x, x), /give the value of a function/)
  const failure = await x.to('float64').catch((error: Error) => error.message)
  t.match(String(failure), /'float64' is a dtype.*use cast\('float64'\)/)
})
