import type { Draw } from '../../index.js'
import type { DType } from '../../kernel/dtype.js'
import type { Instr, ScalarOp } from '../../kernel/expr.js'
import { unusual } from './values.js'

type Arities = Partial<Record<ScalarOp, number>>

const comparing: Arities = { min: 2, max: 2, neg: 1, abs: 1, eq: 2, lt: 2, le: 2, select: 3, cast: 1 }
const intOps: Arities = { add: 2, sub: 2, mul: 2, ...comparing, and: 2, shr: 2 }
const functions: Arities = { floor: 1, sqrt: 1, exp: 1, log: 1, tanh: 1, sigmoid: 1 }
const floatOps: Arities = { add: 2, sub: 2, mul: 2, div: 2, ...comparing, ...functions }

/** The line of a body that reads input `index`. */
export const inputLine = (dtype: DType, index: number): Instr => ({
  op: 'input',
  dtype,
  args: [],
  value: index,
})

/** Add a random operation to a body; returns its line. Operands are earlier lines, or constants. */
export function drawOperation(draw: Draw, dtypes: readonly DType[], body: Instr[]): number {
  const dtype = draw.pick(dtypes)
  const ops = dtype === 'int32' ? intOps : floatOps
  const op = draw.pick(Object.keys(ops) as ScalarOp[])
  const constant = (of: DType, value: number) => body.push({ op: 'const', dtype: of, args: [], value }) - 1
  const operand = (of: DType): number => {
    const lines = [...body.keys()].filter(i => body[i].dtype === of)
    if (lines.length && draw.int(0, 4) < 4) return draw.pick(lines)
    return constant(of, of === 'int32' ? draw.int(-9, 9) : draw.pick([1.5, -0.75, 2, ...unusual]))
  }
  const others = dtypes.filter(d => d !== dtype)
  const args = Array.from({ length: ops[op]! }, (_, k) => {
    if (op === 'cast') return operand(draw.pick(others))
    if (op === 'select' && k === 0) return operand(draw.pick(dtypes))
    if ((op === 'and' || op === 'shr') && k === 1) return constant('int32', draw.int(0, 31))
    return operand(dtype)
  })
  return body.push({ op, dtype, args, value: 0 }) - 1
}
