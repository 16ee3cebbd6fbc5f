import type { Ast, FunctionNode, FunctionNodeClass } from './gpujs.js'

/**
 * The JavaScript that kernels are written in: what gpu.js takes, and what its back ends cannot say.
 *
 * - Variables whose names begin with `int` are 32-bit integers; gpu.js makes every other variable a float.
 * - Intrinsics, the functions below, are texts of the back end's shading language.
 * - Arrays whose names begin with `out` can be written, too, by `store`: a kernel returns nothing.
 *
 * All buffers are arrays of floats to gpu.js. An int32 is kept as the float with the same bits; such floats are only
 * loaded, converted and stored, never computed with, so every bit survives.
 */
type NumberType = 'Integer' | 'Number'

/** WebGPU's shading language, and WebGL2's. */
export type Language = 'wgsl' | 'glsl'

type Intrinsic = {
  readonly takes: readonly (NumberType | 'Boolean' | 'Array')[]
  readonly gives: NumberType | 'Boolean'
} & {
  /** $0, $1 … stand for the arguments. */
  readonly [language in Language]: string
}

const integers = (count: number): NumberType[] => Array.from({ length: count }, () => 'Integer')
const floats = (count: number): NumberType[] => Array.from({ length: count }, () => 'Number')
const nan: Intrinsic = {
  takes: floats(1),
  gives: 'Boolean',
  wgsl: '((bitcast<u32>($0) & 0x7fffffffu) > 0x7f800000u)',
  glsl: '((floatBitsToInt($0) & 0x7fffffff) > 0x7f800000)',
}
const isNan = (language: Language, x: string): string => nan[language].replace('$0', x)

/** NaN if either argument is. */
const extremum = (name: 'min' | 'max'): Intrinsic => ({
  takes: floats(2),
  gives: 'Number',
  wgsl: `select(${name}($0, $1), $0 + $1, ${isNan('wgsl', '$0')} || ${isNan('wgsl', '$1')})`,
  glsl: `(${isNan('glsl', '$0')} || ${isNan('glsl', '$1')} ? $0 + $1 : ${name}($0, $1))`,
})
const comparison = (operator: string): Intrinsic => ({
  takes: integers(2),
  gives: 'Integer',
  wgsl: `select(0i, 1i, $0 ${operator} $1)`,
  glsl: `($0 ${operator} $1 ? 1 : 0)`,
})
/** The same text in both languages. */
const integer = (count: number, text: string): Intrinsic => ({
  takes: integers(count),
  gives: 'Integer',
  wgsl: text,
  glsl: text,
})

/** Functions of the dialect. A text may name an argument twice, so callers pass variables rather than calls. */
const intrinsics: Readonly<Record<string, Intrinsic>> = {
  /** store(array, index, value): write an element of an array whose name begins with `out`. */
  store: {
    takes: ['Array', 'Integer', 'Number'],
    gives: 'Number',
    wgsl: '$0[$1] = $2',
    glsl: 'storeBits($1, floatBitsToInt($2))',
  },
  bitsOf: { takes: ['Number'], gives: 'Integer', wgsl: 'bitcast<i32>($0)', glsl: 'floatBitsToInt($0)' },
  ofBits: { takes: ['Integer'], gives: 'Number', wgsl: 'bitcast<f32>($0)', glsl: 'intBitsToFloat($0)' },
  isNan: nan,
  /** The same float, so said that no shader compiler can tell (and simplify) how it was computed. */
  opaque: {
    takes: ['Number'],
    gives: 'Number',
    // Both add no bits: outputY, the kernel's second dimension, is always 1, and the uniform `zero` is never set.
    wgsl: 'bitcast<f32>(bitcast<u32>($0) ^ (params.outputY - 1u))',
    glsl: 'intBitsToFloat(floatBitsToInt($0) ^ zero)',
  },
  toFloat: { takes: ['Integer'], gives: 'Number', wgsl: 'f32($0)', glsl: 'float($0)' },
  /** Truncates and saturates; NaN gives 0. */
  toInt: {
    takes: ['Number'],
    gives: 'Integer',
    // WGSL's own saturates to a float below 2^31; GLSL's is undefined out of range.
    wgsl: `select(select(i32($0), 2147483647i, $0 >= 2147483648.0), 0i, ${isNan('wgsl', '$0')})`,
    glsl: `(${isNan('glsl', '$0')} ? 0 : $0 >= 2147483648.0 ? 2147483647 : $0 <= -2147483648.0 ? (-2147483647 - 1) : int($0))`,
  },
  floatMin: extremum('min'),
  floatMax: extremum('max'),
  quotient: integer(2, '($0 / $1)'),
  remainder: integer(2, '($0 % $1)'),
  intMin: integer(2, 'min($0, $1)'),
  intMax: integer(2, 'max($0, $1)'),
  intAbs: integer(1, 'abs($0)'),
  intEq: comparison('=='),
  intLt: comparison('<'),
  intLe: comparison('<='),
  /** intSelect(condition, yes, no). */
  intSelect: {
    takes: ['Boolean', ...integers(2)],
    gives: 'Integer',
    wgsl: 'select($2, $1, $0)',
    glsl: '($0 ? $1 : $2)',
  },
}

/** The name of the intrinsic that an expression calls, if any. */
export const intrinsicName = (ast: Ast): string | undefined =>
  ast.type === 'CallExpression' &&
  ast.callee?.type === 'Identifier' &&
  Object.hasOwn(intrinsics, ast.callee.name!)
    ? ast.callee.name
    : undefined

const intrinsicOf = (ast: Ast): Intrinsic | undefined => intrinsics[intrinsicName(ast) ?? '']

const isInteger = (name: string | undefined): boolean => name?.startsWith('int') === true

/** A translator for the dialect. */
export interface DialectNode extends FunctionNode {
  /** Emit an expression as a value of the wanted type. */
  astAs(wanted: NumberType | 'Boolean' | 'Array', ast: Ast, out: string[]): string[]
}

/** The declaration of an integer variable. */
const integerDeclaration = {
  wgsl: (name: string) => `var ${name} : i32`,
  glsl: (name: string) => `int ${name}`,
}

/** gpu.js's class of translators to a language, `Node`, extended by the dialect. */
export function dialectNode(
  Node: FunctionNodeClass,
  language: Language,
): new (
  source: string,
  settings?: object,
) => DialectNode {
  return class extends Node {
    override getType(ast: Ast): string {
      return intrinsicOf(ast)?.gives ?? super.getType(ast)
    }

    override traceFunctionAST(ast: Ast): void {
      super.traceFunctionAST(ast)
      for (const { declaration } of this.identifiers)
        if (declaration && isInteger(declaration.name)) declaration.valueType = 'Integer'
    }

    override astVariableDeclaration(ast: Ast, out: string[]): string[] {
      const { id, init } = ast.declarations![0]
      if (!isInteger(id.name)) return super.astVariableDeclaration(ast, out)
      out.push(integerDeclaration[language](this.astGeneric(id, []).join('')), ' = ')
      this.astAs('Integer', init, out)
      out.push(';')
      return out
    }

    override astCallExpression(ast: Ast, out: string[]): string[] {
      const intrinsic = intrinsicOf(ast)
      if (!intrinsic) return super.astCallExpression(ast, out)
      const given = ast.arguments!.map((argument, i) => this.astAs(intrinsic.takes[i], argument, []).join(''))
      out.push(intrinsic[language].replace(/\$(\d)/g, (_, i) => given[Number(i)]))
      return out
    }

    /** Emit an expression as a value of the wanted type. */
    astAs(wanted: NumberType | 'Boolean' | 'Array', ast: Ast, out: string[]): string[] {
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
}
