import type { Instr } from '../../../kernel/expr.js'
import type { View } from '../../../kernel/shape.js'
import { elementAt, loaded, type Source, stored } from './source.js'

/** The variable of a line of a kernel's body. */
export const nameOf = (body: readonly Instr[], line: number): string =>
  `${body[line].dtype === 'int32' ? 'int' : 'v'}${line}`

/**
 * Emit lines of a kernel's body, which must be in order of evaluation. `load` gives the element of an input as an
 * expression for a float.
 */
export function emitBody(
  source: Source,
  body: readonly Instr[],
  lines: readonly number[],
  load: (input: number) => string,
): void {
  for (const line of lines) {
    const instr = body[line]
    const value =
      instr.op === 'input'
        ? loaded(instr.dtype === 'int32', load(instr.value))
        : expression(source, body, instr)
    source.add(`let ${nameOf(body, line)} = ${value};`)
  }
}

/** The inputs that some lines of a body load, each once. */
export const inputsOf = (body: readonly Instr[], lines: readonly number[]): number[] => [
  ...new Set(lines.filter(line => body[line].op === 'input').map(line => body[line].value)),
]

/** `load` of `emitBody`: the element at the indices `names` of an input's view, in the array that `arrayOf` names. */
export const loadThrough =
  (views: readonly View[], arrayOf: (input: number) => string, names: readonly string[]) =>
  (input: number): string =>
    `${arrayOf(input)}[${elementAt(`base${input}`, names, views[input])}]`

/** What is stored for a line's value. */
export const storedLine = (body: readonly Instr[], line: number): string =>
  stored(body[line].dtype === 'int32', nameOf(body, line))

/**
 * Shader compilers assume that there are no infinities and NaNs: they simplify x * (y / x) and x + (y - x) to y, and
 * x * 0 to 0. The function `opaque` of the dialect hides quotients, differences, their operands and zeros from them.
 */
const isArithmetic = ({ op }: Instr): boolean => op === 'add' || op === 'sub' || op === 'mul' || op === 'div'

const comparison = { eq: '===', lt: '<', le: '<=' } as const
const intComparison = { eq: 'intEq', lt: 'intLt', le: 'intLe' } as const

function expression(source: Source, body: readonly Instr[], { op, dtype, args, value }: Instr): string {
  const int = dtype === 'int32'
  const [a, b, c] = args.map(arg => nameOf(body, arg))
  const hidden = (arg: number): string =>
    isArithmetic(body[arg]) ? `opaque(${nameOf(body, arg)})` : nameOf(body, arg)
  switch (op) {
    case 'const':
      return int ? `${value | 0}` : value === 0 ? source.constant(value) : source.float(value)
    case 'add':
      return `${a} + ${b}`
    case 'sub':
      return int ? `${a} - ${b}` : `opaque(${hidden(args[0])} - ${hidden(args[1])})`
    case 'mul':
      return `${a} * ${b}`
    case 'div':
      return `opaque(${hidden(args[0])} / ${hidden(args[1])})`
    case 'neg':
      return int ? `0 - ${a}` : `-${a}`
    case 'min':
      return int ? `intMin(${a}, ${b})` : `floatMin(${a}, ${b})`
    case 'max':
      return int ? `intMax(${a}, ${b})` : `floatMax(${a}, ${b})`
    case 'abs':
      return int ? `intAbs(${a})` : `Math.abs(${a})`
    case 'floor':
      return `Math.floor(${a})`
    case 'sqrt':
      return `Math.sqrt(${a})`
    case 'exp':
    case 'log':
    case 'tanh':
    case 'sigmoid':
      return `${op}Of(${a})`
    case 'eq':
    case 'lt':
    case 'le':
      return int ? `${intComparison[op]}(${a}, ${b})` : `${a} ${comparison[op]} ${b} ? 1 : 0`
    case 'select':
      // Not `!== 0`: of NaN that is false in WGSL.
      return int ? `intSelect(${a} === 0, ${c}, ${b})` : `${a} === 0 ? ${c} : ${b}`
    case 'cast':
      if (body[args[0]].dtype === dtype) return a
      return int ? `toInt(${a})` : `toFloat(${a})`
    case 'and':
      return `${a} & ${b}`
    case 'shr':
      return `${a} >>> ${b}`
    case 'input':
      throw new Error('kernel body: an input has no arguments')
    default:
      return op satisfies never
  }
}
