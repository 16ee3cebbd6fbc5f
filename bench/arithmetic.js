import {
  entries,
  gradients,
  initialCarry,
  initialParameters,
  randomKey,
  stepCell,
  zeros,
} from '../dist/engine/index.js'
import { bases } from './problem.js'

/** What a scalar operation counts: a transcendental function is a polynomial or a quotient of two. */
const costs = { input: 0, const: 0, cast: 0, div: 4, sqrt: 4, exp: 20, log: 20, tanh: 20 }

/**
 * Floating-point operations of one time step of a cell, forward and backward, for one batch: every multiplication and
 * addition of the matrix products and of the maps in the cell's graph and in that of its gradients.
 */
export function arithmetic(cell, hidden, batch) {
  const parameters = initialParameters(cell, { input: bases, hidden }, randomKey(1))
  const carry = initialCarry(cell, batch, hidden)
  const { carry: next, out } = stepCell(cell, parameters, carry, zeros([batch, bases]), 0)
  const total = Object.values(next).reduce((sum, part) => sum.add(part.sum()), out.sum())
  const wanted = entries(gradients(total, { parameters, carry })).map(([, t]) => t)

  const seen = new Set()
  let count = 0
  const stack = [...wanted]
  const given = new Set(entries({ parameters, carry }).map(([, t]) => t))
  for (let t = stack.pop(); t; t = stack.pop()) {
    if (seen.has(t) || given.has(t)) continue
    seen.add(t)
    count += operations(t)
    stack.push(...t.inputs)
  }
  return count
}

/** Operations of one node of the graph. */
function operations({ op, inputs, size, dtype }) {
  if (op.kind === 'elementwise') return size * expressionCost(op.expr(...inputs.map(t => leaf(t.dtype))))
  if (op.name === 'matmul') return 2 * size * inputs[0].shape.at(-1)
  return op.name === 'sum' && dtype === 'float32' ? inputs[0].size : 0
}

const leaf = dtype => ({ op: 'input', dtype, args: [], value: 0 })

function expressionCost(root) {
  const seen = new Set()
  const visit = expr => {
    if (seen.has(expr)) return 0
    seen.add(expr)
    return expr.args.reduce((sum, arg) => sum + visit(arg), costs[expr.op] ?? 1)
  }
  return visit(root)
}
