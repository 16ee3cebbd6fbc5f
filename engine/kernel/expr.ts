import { asElement, type DType, isFloat } from './dtype.js'

/**
 * Scalar expressions: what one element of an elementwise operation computes.
 *
 * An expression is a directed acyclic graph of about twenty scalar primitives. Operations are written with the
 * builders below (add, exp, select …), which throw a TypeError for operands of different dtypes, or of one that the
 * primitive does not take. A kernel's body is its expressions flattened to lines (`Instr`); every device compiles or
 * interprets the same primitives, and `evaluate` is what they mean.
 */
export type ScalarOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'min'
  | 'max'
  | 'neg'
  | 'abs'
  | 'floor'
  | 'sqrt'
  | 'exp'
  | 'log'
  | 'tanh'
  | 'sigmoid'
  | 'eq'
  | 'lt'
  | 'le'
  | 'select'
  | 'cast'
  | 'and'
  | 'shr'

/** A scalar expression: a primitive and its arguments, an input, or a constant. */
export type Expr = {
  readonly op: 'input' | 'const' | ScalarOp
  readonly dtype: DType
  readonly args: readonly Expr[]
  /** The input's position, or the constant's value; else 0. */
  readonly value: number
}

/** One line of a flattened expression graph; `args` point to earlier lines. */
export type Instr = {
  readonly op: 'input' | 'const' | ScalarOp
  readonly dtype: DType
  readonly args: readonly number[]
  readonly value: number
}

const make = (op: Expr['op'], dtype: DType, args: Expr[], value = 0): Expr => ({ op, dtype, args, value })

/** The element of input `index`. */
export const input = (index: number, dtype: DType): Expr => make('input', dtype, [], index)

/** A constant of the given dtype, of which it has the precision: 0.1 as a float32 is 0.10000000149. */
export const constant = (value: number, dtype: DType): Expr => make('const', dtype, [], value)

/** Numbers take the dtype of the expression beside them. */
type Operand = Expr | number

function pair(op: string, a: Operand, b: Operand): [Expr, Expr] {
  if (typeof a === 'number') {
    if (typeof b === 'number') throw new TypeError(`${op}: two plain numbers; give at least one expression`)
    return [constant(a, b.dtype), b]
  }
  if (typeof b === 'number') return [a, constant(b, a.dtype)]
  if (a.dtype !== b.dtype)
    throw new TypeError(`${op}: ${a.dtype} and ${b.dtype} do not mix; cast one of them first`)
  return [a, b]
}

function binary(op: ScalarOp) {
  return (a: Operand, b: Operand): Expr => {
    const [x, y] = pair(op, a, b)
    return make(op, x.dtype, [x, y])
  }
}

function floatUnary(op: ScalarOp) {
  return (x: Expr): Expr => {
    if (!isFloat(x.dtype)) throw new TypeError(`${op}: needs a float, got ${x.dtype}; cast it first`)
    return make(op, x.dtype, [x])
  }
}

/** Sum; int32 wraps around. */
export const add = binary('add')
/** Difference; int32 wraps around. */
export const sub = binary('sub')
/** Product; int32 wraps around. */
export const mul = binary('mul')
/** Minimum; NaN if either argument is NaN. */
export const min = binary('min')
/** Maximum; NaN if either argument is NaN. */
export const max = binary('max')
/** 1 where equal, else 0, in the dtype of the arguments. */
export const eq = binary('eq')
/** 1 where a < b, else 0. */
export const lt = binary('lt')
/** 1 where a <= b, else 0. */
export const le = binary('le')
/** Float division. */
export const div = (a: Operand, b: Operand): Expr => {
  const [x, y] = pair('div', a, b)
  if (!isFloat(x.dtype)) throw new TypeError('div: needs floats, got int32; cast first')
  return make('div', x.dtype, [x, y])
}
/** The negative. */
export const neg = (x: Expr): Expr => make('neg', x.dtype, [x])
/** Absolute value; of the least int32 it is that number itself. */
export const abs = (x: Expr): Expr => make('abs', x.dtype, [x])
/** Round a float down. */
export const floor = floatUnary('floor')
/** Square root of a float. */
export const sqrt = floatUnary('sqrt')
/** Natural exponential of a float. */
export const exp = floatUnary('exp')
/** Natural logarithm. */
export const log = floatUnary('log')
/** Hyperbolic tangent of a float. */
export const tanh = floatUnary('tanh')
/** 1 / (1 + e^-x). */
export const sigmoid = floatUnary('sigmoid')

/** `yes` where `condition` is not 0, else `no`. The side not chosen may be NaN. */
export const select = (condition: Expr, yes: Operand, no: Operand): Expr => {
  const [a, b] = pair('select', yes, no)
  return make('select', a.dtype, [condition, a, b])
}

/** Convert to a dtype; float to int32 truncates towards zero and saturates, and NaN gives 0. */
export const cast = (x: Expr, dtype: DType): Expr => (x.dtype === dtype ? x : make('cast', dtype, [x]))

function intBinary(op: 'and' | 'shr') {
  return (a: Expr, b: number): Expr => {
    if (a.dtype !== 'int32') throw new TypeError(`${op}: needs int32, got ${a.dtype}`)
    return make(op, 'int32', [a, constant(b, 'int32')])
  }
}
/** Bitwise and of an int32 with a constant. */
export const and = intBinary('and')
/** Logical (zero-filling) right shift of an int32 by a constant number of bits, 0 to 31. */
export const shr = intBinary('shr')

/**
 * Flatten an expression into lines: `addLine` adds one (or finds it among those that are there) and returns its number;
 * `inputs` are the numbers of the lines that hold the expression's inputs. Returns the number of its value's line.
 */
export function flatten(expr: Expr, inputs: readonly number[], addLine: (instr: Instr) => number): number {
  // An expression is a graph: what is used twice is computed once.
  const done = new Map<Expr, number>()
  const lineOf = (e: Expr): number => {
    const known = done.get(e)
    if (known !== undefined) return known
    const made =
      e.op === 'input'
        ? inputs[e.value]
        : addLine({ op: e.op, dtype: e.dtype, args: e.args.map(lineOf), value: e.value })
    done.set(e, made)
    return made
  }
  return lineOf(expr)
}

/** The body of a kernel that computes one value: its lines, and the value's. `dtypes`: those of the kernel's inputs. */
export function kernelBody(
  dtypes: readonly DType[],
  compute: (...inputs: Expr[]) => Expr,
): { body: readonly Instr[]; value: number } {
  const body: Instr[] = []
  const addLine = (instr: Instr): number => body.push(instr) - 1
  const inputs = dtypes.map((dtype, value) => addLine({ op: 'input', dtype, args: [], value }))
  const expr = compute(...dtypes.map((dtype, i) => input(i, dtype)))
  return { value: flatten(expr, inputs, addLine), body }
}

/** Value of one primitive in float64 arithmetic (int32 for integers): the meaning that every device follows. */
export function evaluate(instr: Instr, a: number, b: number, c: number): number {
  const int = instr.dtype === 'int32'
  switch (instr.op) {
    case 'add':
      return int ? (a + b) | 0 : a + b
    case 'sub':
      return int ? (a - b) | 0 : a - b
    case 'mul':
      return int ? Math.imul(a, b) : a * b
    case 'div':
      return a / b
    case 'min':
      return Math.min(a, b)
    case 'max':
      return Math.max(a, b)
    case 'neg':
      return int ? -a | 0 : -a
    case 'abs':
      return int ? Math.abs(a) | 0 : Math.abs(a)
    case 'floor':
      return Math.floor(a)
    case 'sqrt':
      return Math.sqrt(a)
    case 'exp':
      return Math.exp(a)
    case 'log':
      return Math.log(a)
    case 'tanh':
      return Math.tanh(a)
    case 'sigmoid':
      return 1 / (1 + Math.exp(-a))
    case 'eq':
      return a === b ? 1 : 0
    case 'lt':
      return a < b ? 1 : 0
    case 'le':
      return a <= b ? 1 : 0
    case 'select':
      return a !== 0 ? b : c
    case 'cast':
      return int ? Math.max(-2147483648, Math.min(2147483647, Math.trunc(a))) | 0 : asElement(instr.dtype, a)
    case 'and':
      return a & b
    case 'shr':
      return (a >>> b) | 0
    case 'input':
    case 'const':
      throw new Error(`evaluate: ${instr.op} has no arguments`)
    default:
      return instr.op satisfies never
  }
}

/** Printed form of one line, for `printKernel`. */
export function printInstr(instr: Instr): string {
  if (instr.op === 'input') return `in${instr.value}`
  if (instr.op === 'const') return String(instr.value)
  const args = instr.args.map(i => `%${i}`).join(', ')
  return instr.op === 'cast' ? `${instr.dtype}(${args})` : `${instr.op}(${args})`
}
