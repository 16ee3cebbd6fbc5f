import type { MapKernel } from '../../../kernel/kernel.js'
import { operands } from '../../../kernel/operands.js'
import { sizeOf } from '../../../kernel/shape.js'
import { collapse } from '../../shared/axes.js'
import { linesFor } from '../../shared/lines.js'
import { emitBody, inputsOf, loadThrough, storedLine } from './body.js'
import { outOf, type Pass, type Passes, readOf, type Write, writeOf } from './pass.js'
import { elementAt, indices, Source } from './source.js'

/**
 * One pass for all outputs, if it is known by `slots` which buffer each argument is in, and these are no more than
 * `maxBuffers`. Otherwise a pass for each output, which computes what that output needs: two outputs may be in one buffer,
 * an output may be in that of an input, or there are too many to bind.
 */
export function mapPasses(
  kernel: MapKernel,
  slots: readonly number[] | undefined,
  maxBuffers: number,
): Passes {
  const { inputs, outputs } = kernel
  if (slots && new Set(slots).size <= maxBuffers) {
    const writes = outputs.map((_, o) => ({
      location: { arg: inputs.length + o },
      name: `${o}`,
      slot: slots[inputs.length + o],
    }))
    return { passes: [mapPass(kernel, slots, [...outputs.keys()], writes)], temporaries: [] }
  }
  const args = operands(kernel)
  const passes = outputs.map((_, o) =>
    mapPass(kernel, slots ?? [...inputs.keys()], [o], [writeOf(args, inputs.length + o)]),
  )
  return { passes, temporaries: [] }
}

/** The pass that computes the outputs `picked`. An element's inputs are all read before its outputs are written. */
function mapPass(
  kernel: MapKernel,
  slots: readonly number[],
  picked: readonly number[],
  writes: readonly Write[],
): Pass {
  const { shape, inputs, body, outputs } = kernel
  const lines = linesFor(
    body,
    picked.map(o => outputs[o].value),
  )
  const used = inputsOf(body, lines)
  const { shape: axes, strides } = collapse(shape, [
    ...picked.map(o => outputs[o].view.strides),
    ...used.map(input => inputs[input].view.strides),
  ])
  const collapsed = new Map(used.map((input, i) => [input, strides[picked.length + i]]))
  const views = inputs.map(({ view: { offset } }, i) => ({ offset, strides: collapsed.get(i) ?? [] }))
  const written = new Set(writes.map(({ slot }) => slot))
  const arrayOf = (input: number) => `${written.has(slots[input]) ? 'out' : 'in'}${slots[input]}`
  const source = new Source()
  source.add('let intAt = this.thread.x;')
  const names = indices(source, axes, 'intAt', 'int_')
  emitBody(source, body, lines, loadThrough(views, arrayOf, names))
  picked.forEach((o, i) => {
    const { offset } = outputs[o].view
    const element = elementAt(`to${writes[i].name}`, names, { offset, strides: strides[i] })
    source.add(`store(${outOf(writes[i])}, ${element}, ${storedLine(body, outputs[o].value)});`)
  })
  const args = operands(kernel)
  return {
    source: `${source}`,
    threads: sizeOf(shape),
    reads: used.map(input => readOf(args, input, slots[input])),
    writes,
    constants: source.constants,
  }
}
