import type { DType } from '../kernel/dtype.js'
import type { Shape } from '../kernel/shape.js'
import { context } from './context.js'
import { type Op, Tensor } from './tensor.js'

/** Add a node to the graph: what every operation does. The innermost scope and the leak reporter learn of it. */
export function node(op: Op, inputs: readonly Tensor[], attrs: unknown, shape: Shape, dtype: DType): Tensor {
  const tensor = new Tensor(op, inputs, attrs, shape, dtype)
  const { scope, origins } = context()
  scope?.push(tensor)
  origins.of?.set(tensor, callSite())
  return tensor
}

/** The same operation with the same attributes on other inputs. */
export const sameOperation = (t: Tensor, inputs: readonly Tensor[], shape: Shape = t.shape): Tensor =>
  node(t.op, inputs, t.attrs, shape, t.dtype)

/** The first line of the call stack outside of the engine. */
function callSite(): string {
  const engine = new URL(/* @vite-ignore */ '..', import.meta.url).href
  const lines = (new Error().stack ?? '').split('\n').slice(1)
  const line = lines.find(l => !l.includes(engine)) ?? lines[lines.length - 1] ?? 'an unknown place'
  return line.trim().replace(/^at /, '')
}
