import type { Kernel, LoopKernel } from '../../kernel.js'
import { i32, type ModuleBuilder } from './assembler.js'

/**
 * Define the function of a loop: it runs all turns, calling the functions of the body's kernels. `define` gives the
 * function of a kernel. The parameters are the loop's buffers.
 */
export function defineLoop(
  module: ModuleBuilder,
  kernel: LoopKernel,
  define: (kernel: Kernel) => number,
): number {
  const { steps, reverse, bytes, body } = kernel
  const functions = body.map(launch => define(launch.kernel))
  return module.define(bytes.length, f => {
    const t = f.local(i32.const(reverse ? steps - 1 : 0))
    const odd = f.local(i32.const(0))
    f.repeat(steps, () => {
      body.forEach(({ args }, i) => {
        const pointers = args.map(arg => {
          const buffer =
            arg.even === arg.odd ? f.params[arg.even] : i32.select(odd, f.params[arg.odd], f.params[arg.even])
          const start = i32.plus(buffer, arg.offset)
          return arg.stride === 0 ? start : i32.add(start, i32.times(t, arg.stride))
        })
        f.call(functions[i], pointers)
      })
      f.advance(t, reverse ? -1 : 1)
      f.set(odd, i32.sub(i32.const(1), odd))
    })
  })
}
