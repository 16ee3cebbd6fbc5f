/**
 * The parts of gpu.js 2.24 that the device uses, typed as they are used. gpu.js is an optional package, so its own
 * declarations may not be there; they leave these classes out anyway.
 */

/** A node of the syntax tree (ESTree) of a kernel's source. */
export type Ast = {
  readonly type: string
  readonly callee?: Ast
  readonly name?: string
  readonly arguments?: readonly Ast[]
  readonly declarations?: readonly { readonly id: Ast; readonly init: Ast }[]
}

type Declaration = { readonly name: string; valueType: string }

/** Translates one JavaScript function to WGSL. `ast…` methods append text to `out`. */
export interface FunctionNode {
  readonly identifiers: readonly { readonly declaration: Declaration | null }[]
  getType(ast: Ast): string
  pushState(state: string): void
  popState(state: string): void
  traceFunctionAST(ast: Ast): void
  astGeneric(ast: Ast, out: string[]): string[]
  astCallExpression(ast: Ast, out: string[]): string[]
  astVariableDeclaration(ast: Ast, out: string[]): string[]
  castLiteralToInteger(ast: Ast, out: string[]): string[]
  castLiteralToFloat(ast: Ast, out: string[]): string[]
  castValueToInteger(ast: Ast, out: string[]): string[]
  castValueToFloat(ast: Ast, out: string[]): string[]
}

/** Where a kernel's uniform buffer keeps what, in bytes. */
export type ParamsLayout = {
  readonly byteLength: number
  readonly scalarArgs: readonly { readonly type: string; readonly offset: number }[]
}

/** A kernel of mode 'webgpu'. What is not known before `build` resolves is undefined until then. */
export interface WebGpuKernel {
  readonly source: string
  context: WebGpuContext
  computePipeline: GPUComputePipeline
  readonly paramsLayout: ParamsLayout
  readonly threadDim: readonly number[]
  readonly compiledSource: string
  readonly constructor: { readonly mode: string }
  translatedBody: string
  translatedFunctions: string
  /** Which `_computeDispatch` asks for its limits. */
  _device: GPUDevice
  built: boolean
  translateSource(): void
  build(...args: unknown[]): Promise<void>
  assembleWGSL(): string
  _buildAsync(): Promise<void>
  _computeDispatch(threadDim: readonly number[]): { groups: [number, number, number]; dispatchWidth: number }
}

export type WebGpuContext = { readonly adapter: GPUAdapter; readonly device: GPUDevice; isLost: boolean }

type Settings = {
  readonly output: readonly number[]
  readonly argumentTypes: readonly string[]
  readonly returnType: 'Number'
  readonly loopMaxIterations: number
}

export interface GpuInstance {
  Kernel: unknown
  createKernel(source: string, settings: Settings): { readonly kernel: WebGpuKernel }
  addFunction(
    source: string,
    types: { argumentTypes: Readonly<Record<string, string>>; returnType: string },
  ): unknown
  destroy(): Promise<void>
}

export interface GpuJs {
  readonly GPU: new (settings: { mode: 'webgpu' }) => GpuInstance
  readonly Input: new (values: Float32Array, size: readonly number[]) => object
  readonly WGSLFunctionNode: new (source: string, settings?: object) => FunctionNode
  readonly WebGPUKernel: new (source: string, settings: object) => WebGpuKernel
  readonly WebGPUContext: { acquire: () => Promise<WebGpuContext> }
  readonly FunctionBuilder: {
    fromKernel(kernel: WebGpuKernel, node: unknown): { getPrototypes(name: string): string[] }
  }
}
