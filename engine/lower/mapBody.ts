import type { ElementwiseOp, Tensor } from '../graph/tensor.js'
import { flatten, type Instr, input } from '../kernel/expr.js'
import type { Input, LoopArg } from '../kernel/kernel.js'
import { sameView, type View } from '../kernel/shape.js'
import { constantValue } from '../ops/index.js'
import { type Layout, sameArg } from './buffers.js'

/** Elementwise nodes as the body of one kernel: what it reads, where from, its lines, and the line of each node. */
export type MapBody = {
  readonly inputs: readonly Input[]
  readonly args: readonly LoopArg[]
  readonly body: readonly Instr[]
  readonly lineOf: ReadonlyMap<Tensor, number>
}

/**
 * Flatten elementwise nodes of one pass into instructions, each value computed once. `rep`: which node stands for an
 * input; `layoutOf`: where a value is that is read; `through`: adapts the views of what is read.
 */
export function mapBody(
  nodes: readonly Tensor[],
  rep: (t: Tensor) => Tensor,
  layoutOf: (t: Tensor) => Layout,
  through: (view: View) => View,
): MapBody {
  const inputs: Input[] = []
  const args: LoopArg[] = []
  const body: Instr[] = []
  const known = new Map<string, number>()
  const line = (instr: Instr): number => {
    const key = `${instr.op} ${instr.dtype} ${instr.args} ${Object.is(instr.value, -0) ? '-0' : instr.value}`
    const index = known.get(key) ?? body.push(instr) - 1
    known.set(key, index)
    return index
  }
  const read = (t: Tensor): number => {
    const value = constantValue(t)
    if (value !== undefined) return line({ op: 'const', dtype: t.dtype, args: [], value })
    const { arg, view } = layoutOf(t)
    const seen = through(view)
    const isSame = (i: Input, k: number) =>
      i.dtype === t.dtype && sameArg(args[k], arg) && sameView(i.view, seen)
    let index = inputs.findIndex(isSame)
    if (index < 0) {
      index = inputs.push({ dtype: t.dtype, view: seen }) - 1
      args.push(arg)
    }
    return line({ op: 'input', dtype: t.dtype, args: [], value: index })
  }
  const lineOf = new Map<Tensor, number>()
  for (const node of nodes) {
    const operands = node.inputs.map(x => lineOf.get(rep(x)) ?? read(rep(x)))
    const { expr } = node.op as ElementwiseOp
    lineOf.set(node, flatten(expr(...node.inputs.map((x, i) => input(i, x.dtype))), operands, line))
  }
  return { inputs, args, body, lineOf }
}
