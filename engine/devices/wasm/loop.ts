import type { Kernel, LoopArg, LoopKernel } from '../../kernel.js'
import { type FunctionBuilder, type I32, i32, type Local, type ModuleBuilder } from './assembler.js'
import { definePackedMatmul, type PackedMatmul } from './matmul.js'
import type { Target } from './target.js'

type Launch = LoopKernel['body'][number]

/** How many of a kernel's last arguments it writes. */
const outputCount = (kernel: Kernel): number => (kernel.kind === 'map' ? kernel.outputs.length : 1)

/** Buffers that some turn writes. */
function writtenBuffers(body: readonly Launch[]): Set<number> {
  const outputs = body.flatMap(({ kernel, args }) =>
    kernel.kind === 'loop' ? args : args.slice(args.length - outputCount(kernel)),
  )
  return new Set(outputs.flatMap(arg => [arg.even, arg.odd]))
}

/**
 * Define the function of a loop: it runs all turns, calling the functions of the body's kernels. The right side of a
 * matrix product that no turn changes (a recurrent weight) is packed once, before the first. `define` gives the
 * function of a kernel. The parameters are the loop's buffers.
 */
export function defineLoop(
  target: Target,
  module: ModuleBuilder,
  kernel: LoopKernel,
  define: (kernel: Kernel) => number,
): number {
  const { steps, reverse, bytes, body } = kernel
  const written = writtenBuffers(body)
  const isConstant = ({ even, odd, stride }: LoopArg) => even === odd && stride === 0 && !written.has(even)
  const packed = new Map<Launch, PackedMatmul>()
  for (const launch of body) {
    if (steps < 2 || launch.kernel.kind !== 'matmul' || !isConstant(launch.args[1])) continue
    const product = definePackedMatmul(target, module, launch.kernel)
    if (product) packed.set(launch, product)
  }
  const functions = body.map(launch => packed.get(launch)?.multiply ?? define(launch.kernel))

  return module.define(bytes.length, f => {
    const t = f.local(i32.const(reverse ? steps - 1 : 0))
    const odd = f.local(i32.const(0))
    const pointer = (arg: LoopArg): I32 => {
      const [even, other] = [f.params[arg.even], f.params[arg.odd]]
      const buffer = arg.even === arg.odd ? even : i32.select(odd, other, even)
      const start = i32.plus(buffer, arg.offset)
      return arg.stride === 0 ? start : i32.add(start, i32.times(t, arg.stride))
    }
    const weights = packWeights(f, module, packed, launch => pointer(launch.args[1]))
    f.repeat(steps, () => {
      body.forEach((launch, i) => {
        const args = launch.args.map(pointer)
        const weight = weights.get(launch)
        if (weight) args[1] = weight
        f.call(functions[i], args)
      })
      f.advance(t, reverse ? -1 : 1)
      f.set(odd, i32.sub(i32.const(1), odd))
    })
  })
}

/** Emit the packing of constant right sides, beyond the scratch memory that the turns use; returns where they are. */
function packWeights(
  f: FunctionBuilder,
  module: ModuleBuilder,
  packed: ReadonlyMap<Launch, PackedMatmul>,
  source: (launch: Launch) => I32,
): Map<Launch, Local<'i32'>> {
  const places = new Map<Launch, Local<'i32'>>()
  for (const [launch, { bytes, pack }] of packed) {
    const place = f.local(i32.plus(module.scratch, module.scratchBytes))
    module.needScratch(module.scratchBytes + Math.ceil(bytes / 64) * 64)
    f.call(pack, [source(launch), place])
    places.set(launch, place)
  }
  return places
}
