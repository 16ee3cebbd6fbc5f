/**
 * Operations, one record each: name, what it computes (a scalar expression, a view, or kernels), its derivative, and how
 * it leaves loops. `elementwise` defines those of scalar expressions, `math` is all of them; `view` and `slice` look at
 * the same elements otherwise (`slice` also puts them together again); `matmul`, `reduce`, `gather` and `randomBits` have
 * kernels; `source` makes tensors of values; `functions` has none of its own. With `elementwise` and `operation` users
 * define more. Everybody imports operations from here: then all tensors have their methods.
 */
import { implement } from '../graph/implement.js'
import type { TensorOperations } from '../graph/methods.js'
import type { Tensor } from '../graph/tensor.js'
import { gather } from './gather.js'
import { mathMethods } from './math.js'
import { matmul } from './matmul.js'
import { reduceMethods } from './reduce.js'
import { sliceMethods } from './slice.js'
import { viewMethods } from './view.js'

implement<TensorOperations<Tensor>>({
  ...mathMethods,
  ...reduceMethods,
  ...viewMethods,
  ...sliceMethods,
  matmul,
  gather,
})

export { elementwise } from './elementwise.js'
export { layerNorm, softmaxCrossEntropy } from './functions.js'
export { gather, oneHot, scatterAdd } from './gather.js'
export {
  add,
  bitsToUniform,
  div,
  equal,
  less,
  lessEqual,
  maximum,
  minimum,
  mul,
  sub,
  where,
} from './math.js'
export { matmul } from './matmul.js'
export { type OperationRecord, operation } from './operation.js'
export { randomBits } from './randomBits.js'
export { concat, pad, stack, sumOfCotangents, takeBox } from './slice.js'
export {
  arange,
  constant,
  constantValue,
  dropHostData,
  full,
  hostData,
  isPlaceholder,
  ones,
  placeholder,
  result,
  tensor,
  zeros,
} from './source.js'
export { expand, repeatedBy, reshape, viewOf } from './view.js'
