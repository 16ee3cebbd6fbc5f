import type { Kernel, LoopKernel } from '../../kernel.js'
import { type RightSide, sidesOfLaunch } from './rightSides.js'

/**
 * Whether a loop is better run turn by turn, each kernel of its body on all threads, than as one function on one
 * thread: when it cannot be cut by rows as a whole, but something in it can. `isCut`: whether a kernel with its packed
 * right sides is.
 */
export const runsByTurns = (
  kernel: Kernel,
  isCut: (kernel: Kernel, sides: readonly RightSide[]) => boolean,
  sides: readonly RightSide[],
): kernel is LoopKernel =>
  kernel.kind === 'loop' &&
  !isCut(kernel, sides) &&
  kernel.body.some(({ kernel: inner }, launch) => {
    const own = sidesOfLaunch(sides, launch)
    return isCut(inner, own) || runsByTurns(inner, isCut, own)
  })

/** Call `run` with the number and the arguments' pointers of every launch of a loop, in order. */
export function forEachTurn(
  { steps, reverse, body }: LoopKernel,
  pointers: readonly number[],
  run: (launch: number, pointers: number[]) => void,
): void {
  for (let turn = 0; turn < steps; turn++) {
    const t = reverse ? steps - 1 - turn : turn
    const at = turn % 2 === 0 ? ('even' as const) : ('odd' as const)
    body.forEach(({ args }, launch) => {
      run(
        launch,
        args.map(arg => pointers[arg[at]] + arg.offset + t * arg.stride),
      )
    })
  }
}
