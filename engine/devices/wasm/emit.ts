import { type Kernel, kernelKey } from '../../kernel.js'
import { ModuleBuilder, type WordAddress } from './assembler.js'
import { defineCopy, defineMap } from './elementwise.js'
import { defineGather, defineScatterAdd } from './gather.js'
import { defineLoop } from './loop.js'
import { defineMatmul } from './matmul.js'
import { defineRandomBits } from './random.js'
import { defineReduce } from './reduce.js'
import { sgemmImport, usesSgemm } from './sgemm.js'
import type { Target } from './target.js'

/**
 * A module that exports `run`: the kernel as a function of its arguments' addresses. Imports `env.sgemm` if it uses it.
 * `addressOf`: where constants lie in memory; without it they are in the code.
 */
export function emitKernel(target: Target, kernel: Kernel, addressOf?: WordAddress): ModuleBuilder {
  const module = new ModuleBuilder(usesSgemm(target, kernel) ? [sgemmImport] : [], addressOf)
  const known = new Map<string, number>()

  const define = (kernel: Kernel): number => {
    switch (kernel.kind) {
      case 'map':
        return defineMap(target, module, kernel)
      case 'reduce':
        return defineReduce(target, module, kernel)
      case 'matmul':
        return defineMatmul(target, module, kernel)
      case 'gather':
        return defineGather(module, kernel)
      case 'scatterAdd':
        return defineScatterAdd(module, kernel)
      case 'copy':
        return defineCopy(target, module, kernel)
      case 'randomBits':
        return defineRandomBits(module, kernel)
      case 'loop':
        return defineLoop(target, module, kernel, body => {
          const key = kernelKey(body)
          const index = known.get(key) ?? define(body)
          known.set(key, index)
          return index
        })
      default:
        return kernel satisfies never
    }
  }

  module.export('run', define(kernel))
  return module
}
