/** The only public door of the engine. */
import './ops/math.js'
import './ops/reduce.js'
import './ops/matmul.js'
import './ops/gather.js'
import './ops/view.js'
import './ops/place.js'
import './to.js'
import './value.js'

export {
  type Carry,
  type Cell,
  type CellRunOptions,
  type CellSizes,
  type Dropout,
  defineCell,
  glorotUniform,
  initialCarry,
  initialParameters,
  type ParameterSpec,
  type Parameters,
  runCell,
  stepCell,
} from './cell.js'
export { type CompiledFunction, type CompileOptions, compile, explain } from './compile.js'
export {
  type CheckLine,
  type Device,
  type DeviceBuffer,
  DeviceUnavailableError,
  type Program,
} from './device.js'
export {
  closeDevice,
  type DeviceFactory,
  type DeviceOptions,
  device,
  deviceNames,
  openDevice,
  registerDevice,
  selfCheck,
  setDefaultDevice,
} from './devices.js'
export type { DType, TypedArray } from './dtype.js'
export { realise } from './execute.js'
export * as expr from './expr.js'
export { layerNorm, softmaxCrossEntropy } from './functions.js'
export { gradients } from './gradient.js'
export { guarded } from './guarded.js'
export { type Kernel, printKernel } from './kernel.js'
export { elementwise } from './ops/elementwise.js'
export { gather, oneHot, scatterAdd } from './ops/gather.js'
export { add, div, equal, less, lessEqual, maximum, minimum, mul, sub, where } from './ops/math.js'
export { matmul } from './ops/matmul.js'
export { concat, pad, stack } from './ops/place.js'
export { arange, constant, full, type Nested, ones, tensor, zeros } from './ops/source.js'
export { type AdamOptions, type AdamState, adam, adamState } from './optimise.js'
export { dropout, fold, randomBits, randomKey, uniform } from './random.js'
export { registeredOps } from './registry.js'
export type { Runtime } from './runtime.js'
export { type ScanOptions, scan } from './scan.js'
export { dispose, reportLeaks, scope } from './scope.js'
export type { Shape } from './shape.js'
export { type Draw, type Sample, Tensor } from './tensor.js'
export { bitsAt, foldKey, type Key, keyFromSeed, threefry2x32, uniformAt } from './threefry.js'
export { entries, fillTree, leaves, mapTree, type Tree } from './tree.js'
