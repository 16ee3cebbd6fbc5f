/**
 * The autodiff engine: tensors, operations, gradients, loops, cells, optimisers, and devices that compute them. This is
 * its only public door, but for random numbers on the host (hostRandom.ts) and testing/.
 *
 * The loose files of this folder are what users call. Below them, each folder imports only those before it: `kernel`
 * (what a device is asked to run, as plain data), `devices` (what runs it), `graph` (tensors as nodes), `ops` (the
 * operations that make nodes), `scan` (loops), `lower` (from a graph to a plan of kernels and memory), `onnx` (from
 * a graph to one of ONNX), `runtime` (the devices in use, and what computes values on them), `collective` (sums over
 * processes). `testing` stands on top of all.
 */
// Gives tensors the methods that read their values.
import './runtime/value.js'

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
export {
  allReduce,
  type Collective,
  collectiveOf,
  gatherTexts,
  joinMpi,
  type Launch,
  launchOf,
  type ProcessGroup,
  type Summable,
} from './collective/index.js'
export { type CompiledFunction, type CompileOptions, compile, explain, outline } from './compile.js'
export {
  type CheckLine,
  type Device,
  type DeviceBuffer,
  DeviceUnavailableError,
  type Program,
} from './devices/device.js'
export { type EnvironmentVariable, environment, environmentVariables } from './devices/environment.js'
export { guarded } from './devices/guarded.js'
export {
  type DeviceOption,
  type DeviceOptions,
  type OptionTable,
  type OptionValues,
  option,
} from './devices/options.js'
export { blasCalibrationFile, blasCalibrations, clearBlasCalibrations } from './devices/wasm/index.js'
export { gradients } from './gradient.js'
export type { Remark } from './graph/context.js'
export type { Nested } from './graph/methods.js'
export type {
  OnnxAttribute,
  OnnxAttributes,
  OnnxDType,
  OnnxGraph,
  OnnxNode,
  OnnxTensor,
  OnnxValue,
  OnnxWriter,
} from './graph/onnx.js'
export { registeredOps } from './graph/registry.js'
export {
  type Cotangents,
  type Draw,
  type KernelOp,
  type LoopRules,
  type Node,
  type OpLaunch,
  type Sample,
  type StepInput,
  Tensor,
} from './graph/tensor.js'
export { entries, fillTree, leaves, mapTree, type Tree } from './graph/tree.js'
export { copyKernel, mapKernel, reduceKernel } from './kernel/build.js'
export type { DType, TypedArray } from './kernel/dtype.js'
export * as expr from './kernel/expr.js'
export { kernelBody } from './kernel/expr.js'
export { type Kernel, printKernel } from './kernel/kernel.js'
export { contiguousView, type Shape, type View } from './kernel/shape.js'
export { bitsAt, foldKey, type Key, keyFromSeed, threefry2x32, uniformAt } from './kernel/threefry.js'
export type { ExplainOptions } from './lower/explain.js'
export type { Outline, OutlinedKernel } from './lower/outline.js'
export {
  type GraphWriter,
  type LoopOperator,
  type OnnxDimension,
  type OnnxOptions,
  type OnnxPort,
  onnxDTypes,
  onnxGraph,
} from './onnx/index.js'
export {
  add,
  arange,
  concat,
  constant,
  div,
  elementwise,
  equal,
  full,
  gather,
  layerNorm,
  less,
  lessEqual,
  matmul,
  maximum,
  minimum,
  mul,
  type OperationRecord,
  oneHot,
  ones,
  operation,
  pad,
  scatterAdd,
  softmaxCrossEntropy,
  stack,
  sub,
  tensor,
  where,
  zeros,
} from './ops/index.js'
export {
  type AdamOptions,
  type AdamState,
  adam,
  adamState,
  clipByGlobalNorm,
  type OptimiserOptions,
  type SgdOptions,
  type SgdState,
  sgd,
  sgdState,
} from './optimise.js'
export { dropout, fold, randomBits, randomKey, uniform } from './random.js'
export {
  closeDevice,
  type DeviceFactory,
  type DeviceKindOptions,
  device,
  deviceNames,
  deviceOptions,
  type KnownDevices,
  type OptionsOf,
  openDevice,
  registerDevice,
  selfCheck,
  setDefaultDevice,
} from './runtime/devices.js'
export { realise } from './runtime/execute.js'
export type { Runtime } from './runtime/runtime.js'
export { type ScanOptions, scan } from './scan/scan.js'
export { type Schedule, type ScheduleShape, scheduledFactor, scheduleShapes } from './schedule.js'
export { dispose, reportLeaks, scope } from './scope.js'
