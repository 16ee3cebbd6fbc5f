/** What users test their own cells, operations and functions with: `xenograd/testing`. */
export { type CheckCellOptions, checkCell } from './checkCell.js'
export {
  type Assertions,
  type ConformanceOptions,
  deviceConformance,
  type TestFunction,
} from './deviceConformance.js'
export { drawWith, fastCheck } from './fastCheck.js'
export { type GradcheckOptions, gradcheck } from './gradcheck.js'
