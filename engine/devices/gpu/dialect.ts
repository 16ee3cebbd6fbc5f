import type { Ast, GpuJs } from './gpujs.js'

/**
 * The JavaScript that kernels are written in: what gpu.js takes, and what its WebGPU back end cannot say yet.
 *
 * - Variables whose names begin with `int` are 32-bit integers; gpu.js makes every other variable a float.
 * - The functions below. gpu.js has such native functions for its other back ends only.
 * - Arrays whose names begin with `out` can be written, too: a kernel returns nothing, it stores where it likes.
 *
 * All buffers are arrays of floats to gpu.js. An int32 is kept as the float with the same bits; such floats are only
 * loaded, converted and stored, never computed with, so every bit survives.
 */
type NumberType = 'Integer' | 'Number'

type Native = {
  readonly takes: readonly (NumberType | 'Boolean' | 'Array')[]
  readonly gives: NumberType | 'Boolean'
  /** WGSL; $0, $1 … stand for the arguments. */
  readonly text: string
}

const nan = (x: string): string => `((bitcast<u32>(${x}) & 0x7fffffffu) > 0x7f800000u)`
const integers = (count: number): NumberType[] => Array.from({ length: count }, () => 'Integer')

/** Where a text names an argument twice, callers give variables. */
const natives: Readonly<Record<string, Native>> = {
  /** store(array, index, value): write an element of an array whose name begins with `out`. */
  store: { takes: ['Array', 'Integer', 'Number'], gives: 'Number', text: '$0[$1] = $2' },
  bitsOf: { takes: ['Number'], gives: 'Integer', text: 'bitcast<i32>($0)' },
  ofBits: { takes: ['Integer'], gives: 'Number', text: 'bitcast<f32>($0)' },
  isNan: { takes: ['Number'], gives: 'Boolean', text: nan('$0') },
  /** The same float, of which no compiler knows how it came about (the kernel's second dimension is 1). */
  opaque: {
    takes: ['Number'],
    gives: 'Number',
    text: 'bitcast<f32>(bitcast<u32>($0) ^ (params.outputY - 1u))',
  },
  toFloat: { takes: ['Integer'], gives: 'Number', text: 'f32($0)' },
  /** Truncates and saturates; NaN gives 0. */
  toInt: {
    takes: ['Number'],
    gives: 'Integer',
    // WGSL's own saturates to a float below 2^31.
    text: `select(select(i32($0), 2147483647i, $0 >= 2147483648.0), 0i, ${nan('$0')})`,
  },
  /** NaN if either argument is. */
  floatMin: {
    takes: ['Number', 'Number'],
    gives: 'Number',
    text: `select(min($0, $1), $0 + $1, ${nan('$0')} || ${nan('$1')})`,
  },
  floatMax: {
    takes: ['Number', 'Number'],
    gives: 'Number',
    text: `select(max($0, $1), $0 + $1, ${nan('$0')} || ${nan('$1')})`,
  },
  quotient: { takes: integers(2), gives: 'Integer', text: '($0 / $1)' },
  remainder: { takes: integers(2), gives: 'Integer', text: '($0 % $1)' },
  intMin: { takes: integers(2), gives: 'Integer', text: 'min($0, $1)' },
  intMax: { takes: integers(2), gives: 'Integer', text: 'max($0, $1)' },
  intAbs: { takes: integers(1), gives: 'Integer', text: 'abs($0)' },
  intEq: { takes: integers(2), gives: 'Integer', text: 'select(0i, 1i, $0 == $1)' },
  intLt: { takes: integers(2), gives: 'Integer', text: 'select(0i, 1i, $0 < $1)' },
  intLe: { takes: integers(2), gives: 'Integer', text: 'select(0i, 1i, $0 <= $1)' },
  /** intSelect(condition, yes, no). */
  intSelect: { takes: ['Boolean', ...integers(2)], gives: 'Integer', text: 'select($2, $1, $0)' },
}

const nativeOf = (ast: Ast): Native | undefined =>
  ast.type === 'CallExpression' &&
  ast.callee?.type === 'Identifier' &&
  Object.hasOwn(natives, ast.callee.name!)
    ? natives[ast.callee.name!]
    : undefined

const isInteger = (name: string | undefined): boolean => name?.startsWith('int') === true

/** gpu.js's class of WebGPU kernels, for this dialect. Buffers are the device's business. */
export function dialectKernel({ WGSLFunctionNode, WebGPUKernel, WebGPUContext, FunctionBuilder }: GpuJs) {
  class DialectNode extends WGSLFunctionNode {
    override getType(ast: Ast): string {
      return nativeOf(ast)?.gives ?? super.getType(ast)
    }

    override traceFunctionAST(ast: Ast): void {
      super.traceFunctionAST(ast)
      for (const { declaration } of this.identifiers)
        if (declaration && isInteger(declaration.name)) declaration.valueType = 'Integer'
    }

    override astVariableDeclaration(ast: Ast, out: string[]): string[] {
      const { id, init } = ast.declarations![0]
      if (!isInteger(id.name)) return super.astVariableDeclaration(ast, out)
      out.push('var ')
      this.astGeneric(id, out)
      out.push(' : i32 = ')
      this.#as('Integer', init, out)
      out.push(';')
      return out
    }

    override astCallExpression(ast: Ast, out: string[]): string[] {
      const native = nativeOf(ast)
      if (!native) return super.astCallExpression(ast, out)
      const given = ast.arguments!.map((argument, i) => this.#as(native.takes[i], argument, []).join(''))
      out.push(native.text.replace(/\$(\d)/g, (_, i) => given[Number(i)]))
      return out
    }

    /** Emit an expression as a value of the wanted type. */
    #as(wanted: NumberType | 'Boolean' | 'Array', ast: Ast, out: string[]): string[] {
      if (wanted === 'Boolean' || wanted === 'Array') return this.astGeneric(ast, out)
      const type = this.getType(ast)
      if (wanted === 'Integer') {
        if (type === 'LiteralInteger') return this.castLiteralToInteger(ast, out)
        if (type !== 'Integer') return this.castValueToInteger(ast, out)
        this.pushState('building-integer')
        this.astGeneric(ast, out)
        this.popState('building-integer')
        return out
      }
      if (type === 'LiteralInteger') return this.castLiteralToFloat(ast, out)
      return type === 'Integer' ? this.castValueToFloat(ast, out) : this.astGeneric(ast, out)
    }
  }

  return class DialectKernel extends WebGPUKernel {
    override translateSource(): void {
      const prototypes = FunctionBuilder.fromKernel(this, DialectNode).getPrototypes('kernel')
      this.translatedBody = prototypes[prototypes.length - 1]
      this.translatedFunctions = prototypes.slice(0, -1).join('\n')
    }

    override assembleWGSL(): string {
      return super.assembleWGSL().replace(/<storage, read> (?=user_out)/g, '<storage, read_write> ')
    }

    /** Compiles the shader; its layout is what it uses, without the one output that gpu.js would bind. */
    override async _buildAsync(): Promise<void> {
      this.context = await WebGPUContext.acquire()
      const { device } = this.context
      const module = device.createShaderModule({ code: this.compiledSource })
      const { messages } = await module.getCompilationInfo()
      const errors = messages.filter(({ type }) => type === 'error').map(({ message }) => message)
      if (errors.length)
        throw new Error(`gpu device: gpu.js made a shader that does not compile: ${errors}\n${this.source}`)
      const compute = { module, entryPoint: 'main' }
      this.computePipeline = await device.createComputePipelineAsync({ layout: 'auto', compute })
      this._device = device
      this.built = true
    }
  }
}
