import { dump } from '../graph/remarks.js'
import type { Tensor } from '../graph/tensor.js'
import { type Kernel, printKernel } from '../kernel/kernel.js'
import { fixedArg } from '../kernel/loop.js'
import { contiguousView } from '../kernel/shape.js'
import { shareBuffers } from '../kernel/shareBuffers.js'
import { isPlaceholder } from '../ops/index.js'
import { BufferTable, bytesOf, type PlannedLaunch } from './buffers.js'
import { donate } from './donate.js'
import { isLeaf, liveNodes } from './live.js'
import { Lowering } from './lower.js'
import { overlay } from './overlay.js'

/**
 * From a graph to kernels, in the order in which it happens: `live` finds what has to be computed, `simplify` makes the
 * same of less, `fuse` groups what is computed together, `lower` turns groups into kernels and places values in
 * `buffers` (`mapBody` writes the body of a fused kernel, `loop` lowers a scan, whose body goes the same way from `live`
 * on), `overlay` lays values that loops keep into the memory of what is made of them, `donate` lets results take over
 * their arguments' memory, and the temporaries that are left share memory. `budget` does it all again with fewer values
 * kept, until a plan fits; `explain` tells people what was done and why.
 */

/** The buffer of a launch's argument, by its position in the plan's leaves, outputs or scratch. */
export type PlanArg =
  | { readonly kind: 'leaf'; readonly index: number }
  | { readonly kind: 'output'; readonly index: number }
  | { readonly kind: 'scratch'; readonly index: number }

/** How to compute some tensors from leaves: kernels in order, and the scratch memory that they share. */
export type Plan = {
  readonly leaves: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  /** For each output the leaf, by its position, whose buffer it takes over, if it takes one. */
  readonly donor: readonly (number | undefined)[]
  /** The bytes of each scratch buffer. */
  readonly scratch: readonly number[]
  readonly launches: readonly { readonly kernel: Kernel; readonly args: readonly PlanArg[] }[]
}

const printLaunch = ({ kernel, args }: PlannedLaunch): string =>
  `${printKernel(kernel)} (${args.map(a => `#${a.even}`).join(', ')})`

/**
 * Plan the computation of `outputs`. `inputs`: placeholders that the caller fills (they are the plan's first leaves, used
 * or not, in this order); `donated`: those whose buffers outputs of the same shape and dtype may take over.
 * @throws Error when an output depends on a placeholder of another trace.
 */
export function makePlan(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[] = [],
  donated: ReadonlySet<Tensor> = new Set(),
): Plan {
  const leaves = [...inputs, ...otherLeaves(outputs, inputs)]
  const table = new BufferTable()
  const leafBuffers = leaves.map(t => table.external(bytesOf(t)))
  const outputBuffers = outputs.map(t => table.external(bytesOf(t)))
  const sources = new Map(
    leaves.map((t, i) => [t, { arg: fixedArg(leafBuffers[i]), view: contiguousView(t.shape) }]),
  )
  const wanted = outputs.map((value, i) => ({ value, to: fixedArg(outputBuffers[i]) }))
  const lowered = new Lowering(table, sources, wanted).launches
  const launches = overlay(lowered, table.temporaries)
  dump(
    'overlay',
    () => lowered.map(printLaunch),
    () => launches.map(printLaunch),
  )
  const { donor, aliases } = donate(
    { tensors: inputs, buffers: leafBuffers },
    { tensors: outputs, buffers: outputBuffers },
    donated,
    table,
    launches,
  )
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
    const buffer = aliases.get(id) ?? id
    const scratch = bufferOf.get(buffer)
    if (scratch !== undefined) return { kind: 'scratch', index: scratch }
    const leaf = leafBuffers.indexOf(buffer)
    return leaf >= 0
      ? { kind: 'leaf', index: leaf }
      : { kind: 'output', index: outputBuffers.indexOf(buffer) }
  }
  return {
    leaves,
    outputs,
    donor,
    scratch: sizes,
    launches: launches.map(({ kernel, args }) => ({ kernel, args: args.map(a => planArg(a.even)) })),
  }
}

/** Leaves beside the inputs: data, and values computed before. @throws Error for a placeholder among them. */
function otherLeaves(outputs: readonly Tensor[], inputs: readonly Tensor[]): Tensor[] {
  const given = new Set(inputs)
  const isSource = (t: Tensor) => given.has(t) || isLeaf(t)
  const others = liveNodes(outputs, isSource).nodes.filter(t => isSource(t) && !given.has(t))
  for (const t of others)
    if (isPlaceholder(t))
      throw new Error(
        `${t}: this tensor belongs to the trace of a compiled function or scan; it has no value outside of it`,
      )
  return others
}
