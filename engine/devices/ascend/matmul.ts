import type { MatmulKernel } from '../../kernel/kernel.js'
import { sizeOf } from '../../kernel/shape.js'
import { argumentRefs, flat } from './arguments.js'
import type { Chip } from './chip.js'
import { merge, type Ref, RefusedError, type Sequence } from './sequence.js'

/** Axes of a product, batch axes among them, that the operator takes. */
const mostMatmulAxes = 6

/**
 * One product, of which batch axes that only repeat are repeated afterwards.
 * @throws RefusedError for more batch axes than the operator takes.
 */
export function matmul(s: Sequence, kernel: MatmulKernel, chip: Chip): void {
  const { batch, k, accumulate } = kernel
  const args = argumentRefs(kernel)
  const size = sizeOf(args[2].shape)
  if (!size) return
  if (!k) {
    if (!accumulate) s.fill(0, flat(args[2]))
    return
  }
  const isBatched = sizeOf(batch) > 1
  const outer = merge(
    batch,
    args.map(({ strides }) => strides.slice(0, batch.length)),
  )
  const rank = isBatched ? outer.shape.length : 0
  if (rank + 2 > mostMatmulAxes) throw new RefusedError(`a matmul with ${rank} batch axes that do not merge`)
  const [left, right, out] = args.map(
    (ref, i): Ref => ({
      ...ref,
      shape: [...(isBatched ? outer.shape : []), ...ref.shape.slice(batch.length)],
      strides: [...(isBatched ? outer.strides[i] : []), ...ref.strides.slice(batch.length)],
    }),
  )
  // A batch axis that only repeats gets size 1; the matrix itself is read with whatever strides it has.
  const operand = (ref: Ref): Ref => {
    const forward = s.forward(ref)
    const isRepeated = (d: number) => d < rank && forward.strides[d] === 0
    return { ...forward, shape: forward.shape.map((count, d) => (isRepeated(d) ? 1 : count)) }
  }
  const [a, b] = [operand(left), operand(right)]
  // Where both repeat, the product of one is repeated.
  const distinct = out.shape.map((count, d) => (d < rank ? Math.max(a.shape[d], b.shape[d]) : count))
  const isSingle = sizeOf(distinct) === size
  if (accumulate && isSingle && !rank) {
    accumulateProduct(s, a, b, out, chip)
    return
  }
  const isDirect = !accumulate && isSingle
  const product = isDirect ? out : s.temporary('float32', distinct)
  s.call('Matmul', a, b, product, chip.cubeMathType)
  if (isDirect) return
  const repeated = {
    ...product,
    shape: out.shape,
    strides: product.strides.map((stride, d) => (distinct[d] < out.shape[d] ? 0 : stride)),
  }
  if (accumulate) s.add(repeated, out)
  else s.copy(repeated, out)
}

/** `out` += the product of two matrices. */
function accumulateProduct(s: Sequence, a: Ref, b: Ref, out: Ref, chip: Chip): void {
  const one = { scalar: 1, dtype: 'float32' } as const
  chip.emit(s, 'matmul', [
    () => s.call('Addmm', out, a, b, one, one, out, chip.cubeMathType),
    () => {
      const product = s.temporary('float32', out.shape)
      s.call('Matmul', a, b, product, chip.cubeMathType)
      s.add(product, out)
    },
  ])
}
