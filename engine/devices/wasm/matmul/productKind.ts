import type { MatmulKernel } from '../../../kernel/kernel.js'
import { leadingOut, type MatmulColumns } from './columns.js'

/**
 * Kinds of products, for each of which it is decided as a whole whether BLAS computes it: by the elements of their B
 * (recurrent weights of up to 127 hidden units of an LSTM are small, of up to 511 medium), and `sums` over the rows of
 * both operands, which gradients of weights are.
 */
export const productKinds = ['small', 'medium', 'large', 'sums'] as const

export type ProductKind = (typeof productKinds)[number]

/** Elements from which on a B is medium, and large. */
const medium = 1 << 16
const large = 1 << 20

/** A product's kind: the same for all parts of some rows or columns of it, so that it depends on no number of threads. */
export function productKind(kernel: MatmulKernel | MatmulColumns): ProductKind {
  const [row, column] = kernel.a.strides.slice(-2)
  if (row === 1 && column !== 1) return 'sums'
  const elementsOfB = kernel.k * leadingOut(kernel)
  return elementsOfB < medium ? 'small' : elementsOfB < large ? 'medium' : 'large'
}
