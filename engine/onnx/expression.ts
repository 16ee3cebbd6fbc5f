import type { OnnxWriter } from '../graph/onnx.js'
import type { Expr, ScalarOp } from '../kernel/expr.js'

/** Primitives that are an operator of ONNX. */
const operators: Partial<Record<ScalarOp, string>> = {
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  min: 'Min',
  max: 'Max',
  neg: 'Neg',
  abs: 'Abs',
  floor: 'Floor',
  sqrt: 'Sqrt',
  exp: 'Exp',
  log: 'Log',
  tanh: 'Tanh',
  sigmoid: 'Sigmoid',
}

/** Comparisons, which are of type bool in ONNX and of their arguments' dtype here. */
const comparisons: Partial<Record<ScalarOp, string>> = { eq: 'Equal', lt: 'Less', le: 'LessOrEqual' }

/** Writes a scalar expression, element by element, over inputs of these names; returns the name of its value. */
export function writeExpression(expr: Expr, inputs: readonly string[], writer: OnnxWriter): string {
  // An expression is a graph: what is used twice is computed once.
  const done = new Map<Expr, string>()
  const nameOf = (e: Expr): string => {
    const name = done.get(e) ?? write(e)
    done.set(e, name)
    return name
  }
  /** As a bool: whether it is not 0. */
  const condition = (e: Expr): string => {
    const comparison = comparisons[e.op as ScalarOp]
    return comparison ? writer.add(comparison, e.args.map(nameOf)) : writer.cast(nameOf(e), 'bool')
  }
  const write = (e: Expr): string => {
    switch (e.op) {
      case 'input':
        return inputs[e.value]
      case 'const':
        return writer.scalar(e.value, e.dtype)
      case 'eq':
      case 'lt':
      case 'le':
        return writer.cast(condition(e), e.dtype)
      case 'select':
        return writer.add('Where', [condition(e.args[0]), nameOf(e.args[1]), nameOf(e.args[2])])
      case 'cast':
        return writeCast(nameOf(e.args[0]), e.args[0].dtype, e.dtype, writer)
      case 'and':
        return writeAnd(nameOf(e.args[0]), e.args[1].value, writer)
      case 'shr':
        return writeShift(nameOf(e.args[0]), e.args[1].value, writer)
      default:
        return writer.add(operators[e.op]!, e.args.map(nameOf))
    }
  }
  return nameOf(expr)
}

/** ONNX leaves it open what becomes of NaN, and of floats that int32 does not hold: see `cast` of kernel/expr.ts. */
function writeCast(x: string, from: Expr['dtype'], to: Expr['dtype'], writer: OnnxWriter): string {
  if (from === 'int32' || to !== 'int32') return writer.cast(x, to)
  const wide = from === 'float64' ? x : writer.cast(x, 'float64')
  const noNumber = writer.add('IsNaN', [wide])
  const number = writer.add('Where', [noNumber, writer.scalar(0, 'float64'), wide])
  const below = writer.add('Min', [number, writer.scalar(2 ** 31 - 1, 'float64')])
  return writer.cast(writer.add('Max', [below, writer.scalar(-(2 ** 31), 'float64')]), 'int32')
}

const writeShift = (x: string, bits: number, writer: OnnxWriter): string =>
  writer.cast(shifted(writer.cast(x, 'uint32'), bits, 'RIGHT', writer), 'int32')

const shifted = (x: string, bits: number, direction: 'LEFT' | 'RIGHT', writer: OnnxWriter): string =>
  bits === 0 ? x : writer.add('BitShift', [x, writer.scalar(bits, 'uint32')], { direction })

/** Operator set 17 has no bitwise and: each run of ones in the mask is cut out by shifts. */
function writeAnd(x: string, mask: number, writer: OnnxWriter): string {
  const bits = writer.cast(x, 'uint32')
  const parts: string[] = []
  let from = 0
  while (from < 32) {
    let to = from
    while (to < 32 && (mask >>> to) & 1) to++
    if (to > from) {
      // Up to the left end, then down to the right end, and back to where it was.
      const left = shifted(bits, 32 - to, 'LEFT', writer)
      const right = shifted(left, 32 - to + from, 'RIGHT', writer)
      parts.push(writer.cast(shifted(right, from, 'LEFT', writer), 'int32'))
    }
    from = Math.max(to, from + 1)
  }
  if (!parts.length) return writer.add('Mul', [x, writer.scalar(0, 'int32')])
  return parts.reduce((a, b) => writer.add('Add', [a, b]))
}

/** Which inputs an expression reads. */
export function inputsRead(expr: Expr): Set<number> {
  const seen = new Set<Expr>()
  const read = new Set<number>()
  const visit = (e: Expr): void => {
    if (seen.has(e)) return
    seen.add(e)
    if (e.op === 'input') read.add(e.value)
    for (const arg of e.args) visit(arg)
  }
  visit(expr)
  return read
}
