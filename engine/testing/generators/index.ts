/**
 * What the generated tests draw, from small to large: values and views of memory, bodies of scalar instructions, kernels
 * with their buffers, loops of kernels, uses of registered operations, and programs around a scan. All of them draw from
 * a `Draw`, so that fast-check can replay and shrink them.
 */
export { inputLine } from './bodies.js'
export type { DrawKernel, KernelCase } from './kernelCase.js'
export {
  drawCopy,
  drawGather,
  drawMap,
  drawMapInPlace,
  drawMatmul,
  drawRandomBits,
  drawReduce,
  drawScatterAdd,
} from './kernels.js'
export { drawLoop } from './loops.js'
export {
  absolute,
  applyCase,
  casesOf,
  type DrawnCase,
  inputsOf,
  isSmooth,
  printCase,
  sampledOps,
  withValues,
} from './operations.js'
export { drawProgram, type Program, valuesAndGradients } from './programs.js'
export { values } from './values.js'
export { drawView, type Strided } from './views.js'
