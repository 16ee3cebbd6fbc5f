import type { Kernel, LoopArg, LoopKernel } from '../../../kernel/kernel.js'
import type { FunctionBuilder, ModuleBuilder } from '../assembly/assembler.js'
import { type Usize, usize } from '../assembly/instructions.js'
import { type PackedOperand, packedForLaunch } from './packedOperands.js'

/**
 * Emit all iterations of a loop. `buffers`: the addresses of the loop's buffers. `emit` emits launch number `launch` of
 * the body, given the addresses of its arguments.
 */
export function emitIterations(
  f: FunctionBuilder,
  { steps, reverse, body }: LoopKernel,
  buffers: readonly Usize[],
  emit: (launch: number, args: Usize[]) => void,
): void {
  const t = f.local(usize.const(reverse ? steps - 1 : 0))
  // 1 in iterations of an odd number.
  const odd = f.local(usize.const(0))
  const pointer = (arg: LoopArg): Usize => {
    const [inEven, inOdd] = [buffers[arg.even], buffers[arg.odd]]
    const buffer = arg.even === arg.odd ? inEven : usize.select(usize.isNotZero(odd), inOdd, inEven)
    const start = usize.plus(buffer, arg.offset)
    return arg.stride === 0 ? start : usize.add(start, usize.times(t, arg.stride))
  }
  f.repeat(steps, () => {
    body.forEach(({ args }, launch) => {
      emit(launch, args.map(pointer))
    })
    f.advance(t, reverse ? -1 : 1)
    f.set(odd, usize.sub(usize.const(1), odd))
  })
}

/**
 * Define the function of a loop: it runs all iterations, calling the functions of the body's kernels. The parameters are
 * the loop's buffers, then the operands `packed` beforehand (packedOperands.ts). `define` gives the function of a kernel
 * with packed operands of its own.
 */
export function defineLoop(
  module: ModuleBuilder,
  loop: LoopKernel,
  packed: readonly PackedOperand[],
  define: (kernel: Kernel, packed: readonly PackedOperand[]) => number,
): number {
  const buffers = loop.bytes.length
  const launches = loop.body.map(({ kernel }, launch) => {
    const inherited = packedForLaunch(packed, launch)
    return { params: inherited.map(({ position }) => buffers + position), index: define(kernel, inherited) }
  })
  return module.define(buffers + packed.length, f =>
    emitIterations(f, loop, f.params, (launch, args) => {
      const { params, index } = launches[launch]
      f.call(index, [...args, ...params.map(param => f.params[param])])
    }),
  )
}
