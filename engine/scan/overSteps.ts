import { type Node, Tensor } from '../graph/tensor.js'
import { matmul } from '../ops/matmul.js'
import { expand, reshape } from '../ops/view.js'

/** How to see a node of a loop's body at all steps at once. */
export type StepView = {
  readonly steps: number
  /** The stacked values [steps, ...] of a node that are known; undefined: work them out from its inputs. */
  readonly known: (t: Tensor) => Tensor | undefined
  /** Whether a node is the same at all steps. */
  readonly fixed: (t: Tensor) => boolean
}

/**
 * The values of a node of a loop's body at all steps, stacked along a new leading axis, worked out outside of the loop
 * from the stacked values that it depends on: the same operations with one more axis. Undefined where an operation
 * has no such form.
 */
export function overSteps(t: Tensor, view: StepView): Tensor | undefined {
  // A node is worked out once, however many others use it.
  const done = new Map<Tensor, Tensor | undefined>()
  const at = (x: Tensor): Tensor | undefined => {
    if (!done.has(x)) done.set(x, atAllSteps(x, view, at))
    return done.get(x)
  }
  return at(t)
}

/** One node at all steps, given its inputs there. */
function atAllSteps(
  t: Tensor,
  view: StepView,
  at: (input: Tensor) => Tensor | undefined,
): Tensor | undefined {
  const { steps, known, fixed } = view
  const found = known(t)
  if (found) return found
  if (fixed(t)) return expand(t, [steps, ...t.shape])
  const shape = [steps, ...t.shape]
  if (t.op.name === 'matmul') return matmulOverSteps(t, view, at)
  if (t.op.name === 'gather' && fixed(t.inputs[0])) {
    const index = at(t.inputs[1])
    return index && t.inputs[0].gather(index)
  }
  if (t.op.name === 'randomBits' && fixed(t.inputs[0])) {
    const streams = at(t.inputs[1])
    return streams && new Tensor(t.op, [t.inputs[0], streams], t.attrs, shape, t.dtype)
  }
  const inputs: Tensor[] = []
  for (const x of t.inputs) {
    const stacked = at(x)
    if (!stacked) return undefined
    inputs.push(stacked)
  }
  const again = (attrs: unknown) => new Tensor(t.op, inputs, attrs, shape, t.dtype)
  const [x] = t.inputs
  switch (t.op.name) {
    case 'reshape':
      return reshape(inputs[0], shape)
    case 'expand':
      return expand(reshape(inputs[0], [steps, ...t.shape.slice(x.rank).map(() => 1), ...x.shape]), shape)
    case 'permute':
      return inputs[0].permute(0, ...(t as Node<{ axes: number[] }>).attrs.axes.map(d => d + 1))
    case 'slice':
      return again(shiftPart((t as Node<Part>).attrs))
    case 'windows': {
      const { axis, step } = (t as Node<{ axis: number; step: number }>).attrs
      return again({ axis: axis + 1, step })
    }
    case 'place': {
      const { parts, disjoint } = (t as Node<{ parts: Part[]; disjoint: boolean }>).attrs
      return again({ parts: parts.map(shiftPart), disjoint })
    }
    case 'sum':
    case 'max':
      return again(t.attrs)
    default:
      return t.op.kind === 'elementwise' ? again(t.attrs) : undefined
  }
}

type Part = { readonly starts: readonly number[]; readonly steps: readonly number[] }
const shiftPart = ({ starts, steps }: Part): Part => ({ starts: [0, ...starts], steps: [1, ...steps] })

/** A product with a fixed matrix is one product of all steps' rows; else steps are a batch axis. */
function matmulOverSteps(
  t: Tensor,
  view: StepView,
  at: (input: Tensor) => Tensor | undefined,
): Tensor | undefined {
  const [a, b] = t.inputs
  const left = at(a)
  if (!left) return undefined
  if (view.fixed(b) && a.rank === 2)
    return reshape(matmul(reshape(left, [view.steps * a.shape[0], a.shape[1]]), b), [view.steps, ...t.shape])
  const right = at(b)
  return right && matmul(left, right)
}
