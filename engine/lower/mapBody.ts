import type { ElementwiseOp, Tensor } from '../graph/tensor.js'
import { flatten, type Instr, input } from '../kernel/expr.js'
import type { Input, LoopArg } from '../kernel/kernel.js'
import { sameArg } from '../kernel/loop.js'
import { sameView, type View } from '../kernel/shape.js'
import { constantValue } from '../ops/index.js'
import type { Layout } from './buffers.js'

/** Elementwise nodes as the body of one kernel. */
export type MapBody = {
  readonly inputs: readonly Input[]
  /** The buffer of each input. */
  readonly args: readonly LoopArg[]
  readonly body: readonly Instr[]
  /** The line of the body that computes a node. */
  readonly lineOf: ReadonlyMap<Tensor, number>
}

/**
 * Flatten the elementwise nodes of one fusion group (inputs first) into instructions, each value computed once.
 * `canonical`: the node that stands for an equal one (simplify.ts); `layoutOf`: where a value is that is read;
 * `through`: makes of its view the one through which the kernel reads it.
 */
export function mapBody(
  nodes: readonly Tensor[],
  canonical: (t: Tensor) => Tensor,
  layoutOf: (t: Tensor) => Layout,
  through: (view: View) => View,
): MapBody {
  const inputs: Input[] = []
  const args: LoopArg[] = []
  const body: Instr[] = []
  const lines = new Map<string, number>()
  const line = (instr: Instr): number => {
    const key = `${instr.op} ${instr.dtype} ${instr.args} ${Object.is(instr.value, -0) ? '-0' : instr.value}`
    const index = lines.get(key) ?? body.push(instr) - 1
    lines.set(key, index)
    return index
  }
  const read = (t: Tensor): number => {
    const value = constantValue(t)
    if (value !== undefined) return line({ op: 'const', dtype: t.dtype, args: [], value })
    const { arg, view: stored } = layoutOf(t)
    const view = through(stored)
    const isSame = (input: Input, i: number) =>
      input.dtype === t.dtype && sameArg(args[i], arg) && sameView(input.view, view)
    let index = inputs.findIndex(isSame)
    if (index < 0) {
      index = inputs.push({ dtype: t.dtype, view }) - 1
      args.push(arg)
    }
    return line({ op: 'input', dtype: t.dtype, args: [], value: index })
  }
  const lineOf = new Map<Tensor, number>()
  for (const node of nodes) {
    const operands = node.inputs.map(x => lineOf.get(canonical(x)) ?? read(canonical(x)))
    const { expr } = node.op as ElementwiseOp
    lineOf.set(node, flatten(expr(...node.inputs.map((x, i) => input(i, x.dtype))), operands, line))
  }
  return { inputs, args, body, lineOf }
}
