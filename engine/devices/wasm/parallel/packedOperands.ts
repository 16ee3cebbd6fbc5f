import type { Kernel, LoopArg, LoopKernel, MatmulKernel } from '../../../kernel/kernel.js'
import type { Target } from '../assembly/target.js'
import { choosePacking } from '../matmul/matmul.js'
import type { Packing } from '../matmul/packing.js'

/**
 * The right side of a loop's product that no turn changes, such as a recurrent weight. It is packed once, before the
 * first turn, by all threads and for all threads.
 */
export type RightSide = {
  /** The launch that multiplies by it: its number in the body, then that in the inner loop's body, and so on. */
  readonly path: readonly number[]
  readonly kernel: MatmulKernel
  readonly packing: Packing
  /** Where it is: the loop's buffer, and bytes from its beginning. */
  readonly buffer: number
  readonly offset: number
}

type Launch = LoopKernel['body'][number]

/** The arguments that a launch writes. */
function writtenArgs({ kernel, args }: Launch): readonly LoopArg[] {
  if (kernel.kind === 'loop') return [...writtenBuffers(kernel)].map(buffer => args[buffer])
  return args.slice(args.length - (kernel.kind === 'map' ? kernel.outputs.length : 1))
}

/** Buffers that some turn writes. */
const writtenBuffers = ({ body }: LoopKernel): Set<number> =>
  new Set(body.flatMap(writtenArgs).flatMap(({ even, odd }) => [even, odd]))

/** Those of `sides` that are a launch's, as its kernel's; `place`: their numbers among all. */
export const sidesOfLaunch = (
  sides: readonly RightSide[],
  launch: number,
): readonly (RightSide & { readonly place: number })[] =>
  sides.flatMap(({ path: [first, ...path], ...side }, place) =>
    first === launch ? [{ ...side, path, place }] : [],
  )

/** Those of `sides` that are not among `given`. */
export function otherSides(sides: readonly RightSide[], given: readonly RightSide[]): readonly RightSide[] {
  const known = new Set(given.map(({ path }) => path.join()))
  return sides.filter(({ path }) => !known.has(path.join()))
}

/** The right sides to pack for a kernel: of a loop and the loops in it, in order; none for other kernels. */
export function rightSides(target: Target, kernel: Kernel): readonly RightSide[] {
  if (kernel.kind !== 'loop' || kernel.steps < 2) return []
  const written = writtenBuffers(kernel)
  const isConstant = ({ even, odd, stride }: LoopArg) => even === odd && stride === 0 && !written.has(even)
  return kernel.body.flatMap(({ kernel: inner, args }, launch) => {
    if (inner.kind !== 'matmul')
      return rightSides(target, inner)
        .filter(({ buffer }) => isConstant(args[buffer]))
        .map(({ path, buffer, offset, ...side }) => ({
          ...side,
          path: [launch, ...path],
          buffer: args[buffer].even,
          offset: args[buffer].offset + offset,
        }))
    const packing = isConstant(args[1]) ? choosePacking(target, inner) : undefined
    if (!packing) return []
    return [{ path: [launch], kernel: inner, packing, buffer: args[1].even, offset: args[1].offset }]
  })
}

/** Whether a loop has one in it with right sides beyond `sides`: those that each of its own turns packs anew. */
export const packsWithin = (
  target: Target,
  kernel: Kernel,
  sides: readonly RightSide[],
): kernel is LoopKernel =>
  kernel.kind === 'loop' &&
  kernel.body.some(({ kernel: inner }, launch) => {
    const own = sidesOfLaunch(sides, launch)
    return otherSides(rightSides(target, inner), own).length > 0 || packsWithin(target, inner, own)
  })
