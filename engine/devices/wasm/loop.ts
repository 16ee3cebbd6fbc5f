import type { Kernel, LoopArg, LoopKernel } from '../../kernel.js'
import { type I32, i32, type ModuleBuilder } from './assembler.js'
import { type RightSide, sidesOfLaunch } from './rightSides.js'

/**
 * Define the function of a loop: it runs all turns, calling the functions of the body's kernels. `sides` are packed
 * beforehand (rightSides.ts). `define` gives the function of a kernel with packed sides of its own. The parameters are
 * the loop's buffers, then the packed sides.
 */
export function defineLoop(
  module: ModuleBuilder,
  { steps, reverse, bytes, body }: LoopKernel,
  sides: readonly RightSide[],
  define: (kernel: Kernel, sides: readonly RightSide[]) => number,
): number {
  const launches = body.map(({ kernel, args }, launch) => {
    const own = sidesOfLaunch(sides, launch)
    return { args, packed: own.map(({ place }) => bytes.length + place), index: define(kernel, own) }
  })

  return module.define(bytes.length + sides.length, f => {
    const t = f.local(i32.const(reverse ? steps - 1 : 0))
    const odd = f.local(i32.const(0))
    const pointer = (arg: LoopArg): I32 => {
      const [even, other] = [f.params[arg.even], f.params[arg.odd]]
      const buffer = arg.even === arg.odd ? even : i32.select(odd, other, even)
      const start = i32.plus(buffer, arg.offset)
      return arg.stride === 0 ? start : i32.add(start, i32.times(t, arg.stride))
    }
    f.repeat(steps, () => {
      for (const { args, packed, index } of launches)
        f.call(index, [...args.map(pointer), ...packed.map(param => f.params[param])])
      f.advance(t, reverse ? -1 : 1)
      f.set(odd, i32.sub(i32.const(1), odd))
    })
  })
}
