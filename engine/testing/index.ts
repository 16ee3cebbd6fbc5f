/**
 * What users test their own cells, operations, functions and devices with.
 *
 * `gradcheck` compares gradients with finite differences; `checkCell` does so for random uses of a cell, and compares
 * its scan with a plain loop (plainLoop.ts); `cellArithmetic` counts what a cell has to compute; `checkOperation` tries what the record of an operation promises
 * (operations/); `deviceConformance` (conformance/) tests a device against the reference. What they try is drawn by
 * fast-check (fastCheck.ts) from generators/, and compared by compare.ts.
 */
export { cellArithmetic } from './cellArithmetic.js'
export { type CheckCellOptions, checkCell } from './checkCell.js'
export {
  type Assertions,
  type ConformanceOptions,
  deviceConformance,
  type TestFunction,
} from './conformance/index.js'
export { drawWith, fastCheck } from './fastCheck.js'
export { type GradcheckOptions, gradcheck } from './gradcheck.js'
export { type CheckOperationOptions, checkOperation } from './operations/checkOperation.js'
