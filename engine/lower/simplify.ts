import { scanOf } from '../scan.js'
import type { Tensor } from '../tensor.js'

/**
 * Common-subexpression elimination: which node stands for each one. Nodes are equal when they are the same operation
 * with the same attributes on equal inputs. `nodes`: in an order in which inputs come first.
 */
export function canonical(nodes: readonly Tensor[], isSource: (t: Tensor) => boolean): (t: Tensor) => Tensor {
  const found = new Map<string, Tensor>()
  const rep = new Map<Tensor, Tensor>()
  const of = (t: Tensor): Tensor => rep.get(t) ?? t
  for (const t of nodes) {
    if (isSource(t) || t.op.kind === 'scan') continue
    if (t.op.kind === 'source' && t.op.name !== 'constant') continue
    const key =
      t.op.kind === 'pick'
        ? `pick ${t.inputs[0].id} ${scanOf(t).index}`
        : `${t.op.name} ${t.dtype} [${t.shape}] ${JSON.stringify(t.attrs)} ${t.inputs.map(x => of(x).id)}`
    const first = found.get(key)
    if (first) rep.set(t, first)
    else found.set(key, t)
  }
  return of
}
