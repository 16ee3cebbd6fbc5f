import type { Kernel, LoopArg, LoopKernel, MatmulKernel } from '../../../kernel/kernel.js'
import { writtenArguments } from '../../../kernel/operands.js'
import type { Target } from '../assembly/target.js'
import { choosePacking } from '../matmul/matmul.js'
import { bytesBefore, leadingOf, type Packing } from '../matmul/packing.js'
import { cutEvenly, type Part } from './cut.js'

/**
 * Operand B of a loop's product that no iteration changes, such as a recurrent weight. It is packed once, before the
 * first iteration, by all threads and for all threads.
 */
export type PackedOperand = {
  /** The launch that multiplies by it: its number in the body, then that in the inner loop's body, and so on. */
  readonly path: readonly number[]
  readonly kernel: MatmulKernel
  readonly packing: Packing
  /** Where B is: the loop's buffer, and bytes from its beginning. */
  readonly buffer: number
  readonly offset: number
}

/** Those of a loop's `packed` operands that are in a launch, as its kernel sees them; `position`: their place in `packed`. */
export const packedForLaunch = (
  packed: readonly PackedOperand[],
  launch: number,
): readonly (PackedOperand & { readonly position: number })[] =>
  packed.flatMap(({ path: [first, ...path], ...operand }, position) =>
    first === launch ? [{ ...operand, path, position }] : [],
  )

/** Those of `packed` that are not among `given`; a path tells them apart. */
export function withoutGiven(
  packed: readonly PackedOperand[],
  given: readonly PackedOperand[],
): readonly PackedOperand[] {
  const paths = new Set(given.map(({ path }) => path.join()))
  return packed.filter(({ path }) => !paths.has(path.join()))
}

/** The operands to pack for a kernel: of a loop and the loops in it, in order; none for other kernels. */
export function packedOperands(target: Target, kernel: Kernel): readonly PackedOperand[] {
  if (kernel.kind !== 'loop' || kernel.steps < 2) return []
  const written = writtenArguments(kernel)
  const isConstant = ({ even, odd, stride }: LoopArg) => even === odd && stride === 0 && !written.has(even)
  return kernel.body.flatMap(({ kernel: inner, args }, launch) => {
    if (inner.kind !== 'matmul')
      return packedOperands(target, inner)
        .filter(({ buffer }) => isConstant(args[buffer]))
        .map(({ path, buffer, offset, ...operand }) => ({
          ...operand,
          path: [launch, ...path],
          buffer: args[buffer].even,
          offset: args[buffer].offset + offset,
        }))
    const b = args[1]
    const packing = isConstant(b) ? choosePacking(target, inner) : undefined
    return packing ? [{ path: [launch], kernel: inner, packing, buffer: b.even, offset: b.offset }] : []
  })
}

/** Whether a loop has another in it with operands to pack beyond `packed`: each iteration packs those anew. */
export const packsWithin = (
  target: Target,
  kernel: Kernel,
  packed: readonly PackedOperand[],
): kernel is LoopKernel =>
  kernel.kind === 'loop' &&
  kernel.body.some(({ kernel: inner }, launch) => {
    const inherited = packedForLaunch(packed, launch)
    const fresh = withoutGiven(packedOperands(target, inner), inherited)
    return fresh.length > 0 || packsWithin(target, inner, inherited)
  })

/**
 * The packing of a product's B in parts for several threads: some panels each, or some rows of a single panel. A part's
 * offsets are those into B and into the packed B.
 */
export function cutPacking(
  packing: Packing,
  kernel: MatmulKernel,
  threads: number,
): readonly Part<MatmulKernel>[] {
  const { n, k, b } = kernel
  const { panel } = packing
  if (n > panel)
    return cutEvenly(n, Math.min(threads, Math.floor(n / panel)), panel).map(({ first, count }) => ({
      kernel: { ...kernel, n: count },
      offsets: [4 * first * b.strides[1], bytesBefore(packing, k, first)],
    }))
  return cutEvenly(k, Math.min(threads, k), 1).map(({ first, count }) => ({
    kernel: { ...kernel, k: count },
    offsets: [4 * first * b.strides[0], 4 * first * leadingOf(packing, n)],
  }))
}
