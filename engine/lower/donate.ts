import type { Tensor } from '../graph/tensor.js'
import { writeOut } from '../kernel/build.js'
import { fixedArg } from '../kernel/loop.js'
import { operands } from '../kernel/operands.js'
import { isContiguous, sameShape } from '../kernel/shape.js'
import { type BufferTable, type PlannedLaunch, touches } from './buffers.js'

/** An output that takes over the buffer of a donated input: which one, and whether it is written there directly. */
type Donation = {
  /** The input, by number. */
  readonly donor: number
  readonly output: number
  readonly direct: boolean
}

/** Whether a launch reads `from` only element by element, at the positions where it writes `to`. */
const isElementByElement = ({ kernel, args }: PlannedLaunch, from: number, to: number): boolean =>
  kernel.kind === 'map' &&
  operands(kernel).every(
    ({ shape, view }, i) => (args[i].even !== from && args[i].even !== to) || isContiguous(shape, view),
  )

/** Tensors, and the numbers of the buffers in which their values are or go. */
type TensorBuffers = { readonly tensors: readonly Tensor[]; readonly buffers: readonly number[] }

/**
 * Give outputs the buffers of donated inputs of the same shape and dtype. Where the old value is still read after the
 * new one is written, the new one waits in a temporary until the end: `launches` gains a copy, `table` a temporary.
 *
 * `donor`: for each output the number of the input whose buffer it takes over, if any. `aliases`: for the buffers of
 * outputs that are written there directly, the input's buffer to use in their place.
 */
export function donate(
  inputs: TensorBuffers,
  outputs: TensorBuffers,
  donated: ReadonlySet<Tensor>,
  table: BufferTable,
  launches: PlannedLaunch[],
): { donor: (number | undefined)[]; aliases: ReadonlyMap<number, number> } {
  const free = inputs.tensors.flatMap((t, i) => (donated.has(t) ? [i] : []))
  const isSafe = (donor: number, output: number): boolean => {
    const firstWrite = launches.findIndex(l => touches(l, output))
    return launches.every(
      (l, n) =>
        n < firstWrite || !touches(l, donor) || (n === firstWrite && isElementByElement(l, donor, output)),
    )
  }
  const donations = outputs.tensors.map((t, i): Donation | undefined => {
    const fits = (k: number) =>
      inputs.tensors[k].dtype === t.dtype && sameShape(inputs.tensors[k].shape, t.shape)
    const index = free.findIndex(fits)
    if (index < 0) return undefined
    const [donor] = free.splice(index, 1)
    const output = outputs.buffers[i]
    return { donor, output, direct: isSafe(inputs.buffers[donor], output) }
  })
  const aliases = new Map<number, number>()
  for (const donation of donations) {
    if (!donation) continue
    const { donor, output, direct } = donation
    const buffer = inputs.buffers[donor]
    if (direct) {
      aliases.set(output, buffer)
      continue
    }
    table.temporaries.set(output, { bytes: table.bytes[output] })
    // As int32 words, which keep every bit.
    const words = table.bytes[output] / 4
    const kernel = writeOut('int32', [words], { offset: 0, strides: [1] })
    launches.push({ kernel, args: [fixedArg(output), fixedArg(buffer)] })
  }
  return { donor: donations.map(d => d?.donor), aliases }
}
