import { exactJson, type Kernel } from '../../../kernel/kernel.js'
import type { ModuleBuilder } from '../assembly/assembler.js'
import type { Target } from '../assembly/target.js'
import { defineCopy, defineMap } from '../kernels/elementwise.js'
import { defineGather, defineScatterAdd } from '../kernels/gather.js'
import { defineRandomBits } from '../kernels/random.js'
import { defineReduce } from '../kernels/reduce.js'
import { defineMatmul, definePackedMatmul } from '../matmul/matmul.js'
import { defineLoop } from './loop.js'
import type { PackedOperand } from './packedOperands.js'

/** Gives the index of a kernel's function in a module, which it defines if it is not there yet. */
export type DefineKernel = (kernel: Kernel, packed?: readonly PackedOperand[]) => number

/**
 * Defines kernels in a module, each once, as functions of their arguments' addresses. `packed`: operands that are packed
 * beforehand, of the kernel or of those in a loop; their addresses follow those of the arguments.
 */
export function kernelDefiner(target: Target, module: ModuleBuilder): DefineKernel {
  const known = new Map<string, number>()

  const emit: DefineKernel = (kernel, packed = []) => {
    switch (kernel.kind) {
      case 'map':
        return defineMap(target, module, kernel)
      case 'reduce':
        return defineReduce(target, module, kernel)
      case 'matmul':
        return packed.length
          ? definePackedMatmul(target, module, kernel, packed[0].packing)
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
        return defineLoop(module, kernel, packed, define)
      default:
        return kernel satisfies never
    }
  }

  const define: DefineKernel = (kernel, packed = []) => {
    const key = exactJson([kernel, packed])
    const index = known.get(key) ?? emit(kernel, packed)
    known.set(key, index)
    return index
  }
  return define
}
