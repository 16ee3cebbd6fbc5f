import { dump } from '../graph/remarks.js'
import type { Tensor } from '../graph/tensor.js'
import { type Kernel, printKernel } from '../kernel/kernel.js'
import { contiguousView, isContiguous } from '../kernel/shape.js'
import { shareBuffers } from '../kernel/shareBuffers.js'
import { isPlaceholder } from '../ops/source.js'
import { isLeaf, liveNodes } from './live.js'
import { BufferTable, bytesOf, fixedArg, Lowering, type PlannedLaunch } from './lower.js'
import { overlay } from './overlay.js'

/** Where a launch's argument comes from. */
export type PlanArg =
  | { readonly kind: 'leaf'; readonly index: number }
  | { readonly kind: 'output'; readonly index: number }
  | { readonly kind: 'scratch'; readonly index: number }

/**
 * How to compute some tensors from leaves: kernels in order, and the scratch memory that they share. Output i may
 * live in the buffer of a donated leaf: `donor[i]` is that leaf's index.
 */
export type Plan = {
  readonly leaves: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  readonly donor: readonly (number | undefined)[]
  readonly scratch: readonly number[]
  readonly launches: readonly { readonly kernel: Kernel; readonly args: readonly PlanArg[] }[]
}

const printLaunch = ({ kernel, args }: PlannedLaunch): string =>
  `${printKernel(kernel)} (${args.map(a => `#${a.even}`).join(', ')})`

/** Whether a launch reads `from` only element by element, at the positions where it writes `to`. */
function elementByElement({ kernel, args }: PlannedLaunch, from: number, to: number): boolean {
  return (
    kernel.kind === 'map' &&
    [...kernel.inputs, ...kernel.outputs].every(
      ({ view }, i) => (args[i].even !== from && args[i].even !== to) || isContiguous(kernel.shape, view),
    )
  )
}

const touches = ({ args }: PlannedLaunch, buffer: number): boolean =>
  args.some(a => a.even === buffer || a.odd === buffer)

/**
 * Plan the computation of `outputs`. `inputs`: placeholders that the caller fills (all are leaves of the plan, used
 * or not, in this order); `donated`: those whose buffers outputs of the same shape and dtype may take over.
 * @throws Error when an output depends on a placeholder of another trace.
 */
export function makePlan(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[] = [],
  donated: ReadonlySet<Tensor> = new Set(),
): Plan {
  const own = new Set(inputs)
  const isSource = (t: Tensor) => own.has(t) || isLeaf(t)
  const found = liveNodes(outputs, isSource).nodes.filter(t => isSource(t) && !own.has(t))
  for (const t of found)
    if (isPlaceholder(t))
      throw new Error(
        `${t}: this tensor belongs to the trace of a compiled function or scan; it has no value outside of it`,
      )
  const leaves = [...inputs, ...found]

  const table = new BufferTable()
  const leafBuffers = leaves.map(t => table.outside(bytesOf(t)))
  const outputBuffers = outputs.map(t => table.outside(bytesOf(t)))
  const sources = new Map(
    leaves.map((t, i) => [t, { arg: fixedArg(leafBuffers[i]), view: contiguousView(t.shape) }]),
  )
  const lowering = new Lowering(
    table,
    sources,
    outputs.map((value, i) => ({ value, to: fixedArg(outputBuffers[i]) })),
  )
  const launches = overlay(lowering.launches, table.temporaries)
  dump(
    'overlay',
    () => lowering.launches.map(printLaunch),
    () => launches.map(printLaunch),
  )

  const free = inputs.flatMap((t, i) => (donated.has(t) ? [i] : []))
  const alias = new Map<number, number>()
  const donor = outputs.map((t, i) => {
    const at = free.findIndex(k => leaves[k].dtype === t.dtype && `${leaves[k].shape}` === `${t.shape}`)
    if (at < 0) return undefined
    const [k] = free.splice(at, 1)
    const leaf = leafBuffers[k]
    const out = outputBuffers[i]
    const firstWrite = launches.findIndex(l => touches(l, out))
    const safe = launches.every(
      (l, n) => n < firstWrite || !touches(l, leaf) || (n === firstWrite && elementByElement(l, leaf, out)),
    )
    if (safe) alias.set(out, leaf)
    return { k, safe, leaf, out }
  })
  // Where the old value is still read after the new one is written, the new one waits in scratch until the end.
  for (const d of donor) {
    if (!d || d.safe) continue
    table.temporaries.set(d.out, { bytes: table.bytes[d.out] })
    const words = table.bytes[d.out] / 4
    const input = { dtype: 'int32', view: { offset: 0, strides: [1] } } as const
    const body = [{ op: 'input', dtype: 'int32', args: [], value: 0 }] as const
    const kernel: Kernel = {
      kind: 'map',
      shape: [words],
      inputs: [input],
      body,
      outputs: [{ ...input, value: 0 }],
    }
    launches.push({ kernel, args: [fixedArg(d.out), fixedArg(d.leaf)] })
  }

  const { sizes, bufferOf } = shareBuffers(
    table.temporaries,
    launches.map(l => l.args.flatMap(a => [a.even, a.odd])),
  )
  dump(
    'share',
    () => [...table.temporaries].map(([id, { bytes }]) => `#${id}: ${bytes} bytes`),
    () => [...bufferOf].map(([id, buffer]) => `#${id} in scratch ${buffer} of ${sizes[buffer]} bytes`),
  )
  const planArg = (id: number): PlanArg => {
    const buffer = alias.get(id) ?? id
    if (bufferOf.has(buffer)) return { kind: 'scratch', index: bufferOf.get(buffer)! }
    const leaf = leafBuffers.indexOf(buffer)
    return leaf >= 0
      ? { kind: 'leaf', index: leaf }
      : { kind: 'output', index: outputBuffers.indexOf(buffer) }
  }
  return {
    leaves,
    outputs,
    donor: donor.map(d => d?.k),
    scratch: sizes,
    launches: launches.map(({ kernel, args }) => ({ kernel, args: args.map(a => planArg(a.even)) })),
  }
}
