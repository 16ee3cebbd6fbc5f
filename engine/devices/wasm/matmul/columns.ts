import type { MatmulKernel } from '../../../kernel/kernel.js'

/** Some columns of a product: rows of its output are `outLeading` elements apart. */
export type MatmulColumns = MatmulKernel & { readonly outLeading: number }

/** The leading dimension of a product's output, in elements: of the whole product where the kernel is some columns. */
export const leadingOut = (kernel: MatmulKernel | MatmulColumns): number =>
  'outLeading' in kernel ? kernel.outLeading : kernel.n
