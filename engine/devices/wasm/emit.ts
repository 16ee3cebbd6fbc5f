import { exactJson, type Kernel, type MatmulKernel } from '../../kernel.js'
import { ModuleBuilder, type WordAddress } from './assembler.js'
import { defineCopy, defineMap } from './elementwise.js'
import { defineGather, defineScatterAdd } from './gather.js'
import { defineLoop } from './loop.js'
import { defineMatmul, definePackedMatmul } from './matmul.js'
import { definePacking, type Packing } from './packing.js'
import { defineRandomBits } from './random.js'
import { defineReduce } from './reduce.js'
import type { RightSide } from './rightSides.js'
import { sgemmImport, usesSgemm } from './sgemm.js'
import type { Target } from './target.js'

/**
 * A module that exports `run`: the kernel as a function of its arguments' addresses. Imports `env.sgemm` if it uses it.
 * `sides`: right sides that are packed beforehand, of the kernel or of those in a loop; their addresses follow those of
 * the arguments. `addressOf`: where constants lie in memory; without it they are in the code.
 */
export function emitKernel(
  target: Target,
  kernel: Kernel,
  sides: readonly RightSide[] = [],
  addressOf?: WordAddress,
): ModuleBuilder {
  const module = new ModuleBuilder(usesSgemm(target, kernel) ? [sgemmImport] : [], addressOf)
  const known = new Map<string, number>()

  const define = (kernel: Kernel, sides: readonly RightSide[] = []): number => {
    switch (kernel.kind) {
      case 'map':
        return defineMap(target, module, kernel)
      case 'reduce':
        return defineReduce(target, module, kernel)
      case 'matmul':
        return sides.length
          ? definePackedMatmul(target, module, kernel, sides[0].packing)
          : defineMatmul(target, module, kernel)
      case 'gather':
        return defineGather(module, kernel)
      case 'scatterAdd':
        return defineScatterAdd(module, kernel)
      case 'copy':
        return defineCopy(target, module, kernel)
      case 'randomBits':
        return defineRandomBits(module, kernel)
      case 'loop':
        return defineLoop(module, kernel, sides, (body, own) => {
          const key = exactJson([body, own])
          const index = known.get(key) ?? define(body, own)
          known.set(key, index)
          return index
        })
      default:
        return kernel satisfies never
    }
  }

  module.export('run', define(kernel, sides))
  return module
}

/** A module that exports `run(b, packed)`: it packs the right side of a product. */
export function emitPacking(target: Target, packing: Packing, kernel: MatmulKernel): ModuleBuilder {
  const module = new ModuleBuilder()
  module.export('run', definePacking(target, module, packing, kernel))
  return module
}
