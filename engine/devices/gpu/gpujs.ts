/**
 * Types of the parts of gpu.js 2.24 that the device uses. gpu.js is an optional package, so its own declarations may not
 * be there; they leave these classes out anyway.
 */

/** A node of the syntax tree (ESTree) of a kernel's source. */
export type Ast = {
  readonly type: string
  readonly computed?: boolean
  readonly object?: Ast
  readonly property?: Ast
  readonly operator?: string
  readonly left?: Ast
  readonly right?: Ast
  readonly callee?: Ast
  readonly name?: string
  readonly arguments?: readonly Ast[]
  readonly declarations?: readonly { readonly id: Ast; readonly init: Ast }[]
}

type Declaration = { readonly name: string; valueType: string }

/** Translates one JavaScript function to the shading language of its class. `ast…` methods append text to `out`. */
export type FunctionNode = {
  readonly identifiers: readonly { readonly declaration: Declaration | null }[]
  getType(ast: Ast): string
  pushState(state: string): void
  popState(state: string): void
  traceFunctionAST(ast: Ast): void
  astGeneric(ast: Ast, out: string[]): string[]
  astCallExpression(ast: Ast, out: string[]): string[]
  astMemberExpression(ast: Ast, out: string[]): string[]
  astBinaryExpression(ast: Ast, out: string[]): string[]
  astVariableDeclaration(ast: Ast, out: string[]): string[]
  castLiteralToInteger(ast: Ast, out: string[]): string[]
  castLiteralToFloat(ast: Ast, out: string[]): string[]
  castValueToInteger(ast: Ast, out: string[]): string[]
  castValueToFloat(ast: Ast, out: string[]): string[]
}

export type FunctionNodeClass = new (source: string, settings?: object) => FunctionNode

/** A kernel of any mode. */
export type GpuJsKernel = {
  readonly source: string
  /** gpu.js's word for what runs it: 'webgpu', 'gpu' (any WebGL), 'cpu' … */
  readonly constructor: { readonly mode: string }
  /** Takes arguments, or values of their types. Translates and compiles; done when it returns or, of WebGPU, resolves. */
  build(...args: unknown[]): Promise<void> | undefined
}

/** Where a kernel's uniform buffer keeps what, in bytes. */
export type ParamsLayout = {
  readonly byteLength: number
  readonly scalarArgs: readonly { readonly type: string; readonly offset: number }[]
}

/** A kernel of mode 'webgpu'. What is not known before `build` resolves is undefined until then. */
export type WebGpuKernel = GpuJsKernel & {
  context: WebGpuContext
  computePipeline: GPUComputePipeline
  readonly paramsLayout: ParamsLayout
  readonly threadDim: readonly number[]
  readonly compiledSource: string
  translatedBody: string
  translatedFunctions: string
  /** The device whose limits `_computeDispatch` asks for. */
  _device: GPUDevice
  built: boolean
  translateSource(): void
  assembleWGSL(): string
  _buildAsync(): Promise<void>
  _computeDispatch(threadDim: readonly number[]): { groups: [number, number, number]; dispatchWidth: number }
}

/** A kernel of mode 'webgl2'. */
export type WebGl2Kernel = GpuJsKernel & {
  readonly context: WebGL2RenderingContext
  readonly argumentNames: readonly string[]
  readonly argumentTypes: readonly string[]
  /** Of each argument, what FunctionBuilder asks for. */
  kernelArguments: readonly { readonly type: string }[]
  kernelConstants: readonly never[]
  argumentSizes: readonly never[]
  argumentBitRatios: readonly never[]
  program: WebGLProgram | null
  built: boolean
}

export type WebGpuContext = { readonly adapter: GPUAdapter; readonly device: GPUDevice; isLost: boolean }

type Settings = {
  readonly output: readonly number[]
  readonly argumentTypes: readonly string[]
  readonly returnType: 'Number'
  readonly loopMaxIterations: number
}

/** `K`: the kernels that it makes, once `Kernel` is their class. */
export type GpuInstance<K extends GpuJsKernel> = {
  Kernel: unknown
  canvas: object | null
  context: object | null
  createKernel(source: string, settings: Settings): { readonly kernel: K }
  addFunction(
    source: string,
    types: { argumentTypes: Readonly<Record<string, string>>; returnType: string },
  ): unknown
  destroy(): Promise<void>
}

export type GpuJs = {
  readonly GPU: {
    new <K extends GpuJsKernel>(settings: { readonly mode: 'webgpu' | 'webgl2' }): GpuInstance<K>
    enableValidation(): void
    disableValidation(): void
  }
  readonly Input: new (values: Float32Array, size: readonly number[]) => object
  readonly WGSLFunctionNode: FunctionNodeClass
  readonly WebGL2FunctionNode: FunctionNodeClass
  readonly WebGPUKernel: new (source: string, settings: object) => WebGpuKernel
  readonly WebGL2Kernel: new (source: string, settings: object) => WebGl2Kernel
  readonly WebGPUContext: { acquire: () => Promise<WebGpuContext> }
  readonly FunctionBuilder: {
    fromKernel(kernel: GpuJsKernel, node: unknown): { getPrototypes(name: string): string[] }
  }
}
