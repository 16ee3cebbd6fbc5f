import type { MatmulKernel } from '../../../kernel/kernel.js'
import type { ModuleBuilder } from '../assembly/assembler.js'
import type { Target } from '../assembly/target.js'
import { defineBlockedMatmul } from './blocked.js'
import { choosePanels } from './blocking.js'
import type { MatmulColumns } from './columns.js'
import { definePackedSgemm, sgemmPacking } from './packedSgemm.js'
import type { Packing } from './packing.js'
import { defineSgemm, usesSgemm } from './sgemm.js'

/**
 * Products of matrices: the functions that compute one on one thread. This file decides who computes it. sgemm.ts leaves
 * large ones to a BLAS library if the device has one: blas.ts chooses it, blasFile.ts finds it, blasLibrary.ts loads it.
 * All others are WebAssembly: blocked.ts cuts them into blocks that fit the caches (blocking.ts says of which sizes),
 * panels.ts packs those, and tile.ts emits the innermost loop.
 *
 * Operand B of many products, such as a recurrent weight, can be packed once for all of them (packing.ts): then
 * `choosePacking` says how, and `definePackedMatmul` multiplies by it, by BLAS (packedSgemm.ts) or blocked.ts likewise.
 * columns.ts describes a product of some of B's columns only, which is how threads share products of few rows.
 */

/** Define the function of a matrix product; its parameters are the kernel's arguments. */
export const defineMatmul = (
  target: Target,
  module: ModuleBuilder,
  kernel: MatmulKernel | MatmulColumns,
): number =>
  usesSgemm(target, kernel)
    ? defineSgemm(target, module, kernel)
    : defineBlockedMatmul(target, module, kernel)

/** Define the function of a product by a packed B (packing.ts), whose address is the last parameter. */
export const definePackedMatmul = (
  target: Target,
  module: ModuleBuilder,
  kernel: MatmulKernel | MatmulColumns,
  packing: Packing,
): number =>
  usesSgemm(target, kernel)
    ? definePackedSgemm(target, module, kernel, packing)
    : defineBlockedMatmul(target, module, kernel, packing)

/** How to pack a B that stays the same over many products; undefined where it is best read as it is. */
export function choosePacking(target: Target, kernel: MatmulKernel): Packing | undefined {
  const { n, k, batch } = kernel
  if (batch.length || n * k === 0) return undefined
  return usesSgemm(target, kernel) ? sgemmPacking(target, kernel) : choosePanels(target, kernel)
}
