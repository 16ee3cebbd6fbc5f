import { type Cell, initialCarry, initialParameters, stepCell } from '../cell.js'
import { gradients } from '../gradient.js'
import type { Tensor } from '../graph/tensor.js'
import { leaves } from '../graph/tree.js'
import type { DType } from '../kernel/dtype.js'
import type { Expr } from '../kernel/expr.js'
import { zeros } from '../ops/index.js'
import { randomKey } from '../random.js'

/** What a scalar operation counts, 1 where nothing is said: a transcendental function is a polynomial or a quotient of two. */
const costs: { readonly [op in Expr['op']]?: number } = {
  input: 0,
  const: 0,
  cast: 0,
  div: 4,
  sqrt: 4,
  exp: 20,
  log: 20,
  tanh: 20,
  sigmoid: 20,
}

/**
 * Floating-point operations of one time step of a cell, for one batch of inputs [batch, input]: every multiplication and
 * addition of the matrix products and of the maps in the cell's graph and in that of its gradients (`work` 'train'), or
 * in the first alone ('score'). Time over this count says how well a cell is computed, whatever its size.
 */
export function cellArithmetic(
  cell: Cell,
  hidden: number,
  batch: number,
  input: number,
  work: 'train' | 'score' = 'train',
): number {
  const parameters = initialParameters(cell, { input, hidden }, randomKey(1))
  const carry = initialCarry(cell, batch, hidden)
  const { carry: next, out } = stepCell(cell, parameters, carry, zeros([batch, input]), 0)
  const given = { parameters, carry }
  const seen = new Set(leaves(given))
  const stack = leaves(work === 'score' ? { next, out } : gradients(sumOf([...leaves(next), out]), given))
  let count = 0
  for (let t = stack.pop(); t; t = stack.pop()) {
    if (seen.has(t)) continue
    seen.add(t)
    count += operations(t)
    stack.push(...t.inputs)
  }
  return count
}

const sumOf = ([first, ...rest]: readonly Tensor[]): Tensor =>
  rest.reduce((sum, part) => sum.add(part.sum()), first.sum())

/** Operations of one node of the graph. */
function operations({ op, inputs, size, dtype }: Tensor): number {
  if (op.kind === 'elementwise') return size * expressionCost(op.expr(...inputs.map(t => leaf(t.dtype))))
  if (op.name === 'matmul') return 2 * size * (inputs[0].shape.at(-1) ?? 1)
  return op.name === 'sum' && dtype === 'float32' ? inputs[0].size : 0
}

const leaf = (dtype: DType): Expr => ({ op: 'input', dtype, args: [], value: 0 })

function expressionCost(root: Expr): number {
  const seen = new Set<Expr>()
  const visit = (expr: Expr): number => {
    if (seen.has(expr)) return 0
    seen.add(expr)
    return expr.args.reduce((sum, arg) => sum + visit(arg), costs[expr.op] ?? 1)
  }
  return visit(root)
}
