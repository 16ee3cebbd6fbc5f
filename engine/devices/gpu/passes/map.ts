import type { MapKernel } from '../../../kernel/kernel.js'
import { sizeOf } from '../../../kernel/shape.js'
import { collapse } from '../../shared/axes.js'
import { linesFor } from '../../shared/lines.js'
import { emitBody, loadThrough, stored } from './body.js'
import {
  elementAt,
  extent,
  indices,
  outOf,
  type Pass,
  type Passes,
  Source,
  type Write,
  writeTo,
} from './pass.js'

/**
 * One pass, where `slots` tells for each argument which buffer it is in and there are no more than `maxBuffers` of
 * them. Else it is not known which outputs are in one buffer, or also an input: a pass for each output then computes
 * what this output needs.
 */
export function mapPasses(
  kernel: MapKernel,
  slots: readonly number[] | undefined,
  maxBuffers: number,
): Passes {
  const { inputs, outputs } = kernel
  if (slots && new Set(slots).size <= maxBuffers) {
    const writes = outputs.map((_, o) => ({
      place: { arg: inputs.length + o },
      name: `${o}`,
      slot: slots[inputs.length + o],
    }))
    return { passes: [mapPass(kernel, slots, [...outputs.keys()], writes)], temps: [] }
  }
  const passes = outputs.map((_, o) =>
    mapPass(kernel, slots ?? [...inputs.keys()], [o], [writeTo({ arg: inputs.length + o })]),
  )
  return { passes, temps: [] }
}

/** The pass that computes the outputs `picked`. An element's inputs are all read before its outputs are written. */
function mapPass(
  { shape, inputs, body, outputs }: MapKernel,
  slots: readonly number[],
  picked: readonly number[],
  writes: readonly Write[],
): Pass {
  const lines = linesFor(
    body,
    picked.map(o => outputs[o].value),
  )
  const used = [...new Set(lines.filter(line => body[line].op === 'input').map(line => body[line].value))]
  const { shape: axes, strides } = collapse(shape, [
    ...picked.map(o => outputs[o].view.strides),
    ...used.map(input => inputs[input].view.strides),
  ])
  const walked = new Map(used.map((input, i) => [input, strides[picked.length + i]]))
  const views = inputs.map((input, i) => ({
    ...input,
    view: { ...input.view, strides: walked.get(i) ?? [] },
  }))
  const written = new Set(writes.map(write => write.slot))
  const arrayOf = (input: number) => `${written.has(slots[input]) ? 'out' : 'in'}${slots[input]}`
  const source = new Source()
  source.add('let intAt = this.thread.x;')
  const names = indices(source, axes, 'intAt', 'int_')
  emitBody(source, body, lines, loadThrough(views, arrayOf, names))
  picked.forEach((o, i) => {
    const { offset } = outputs[o].view
    const at = elementAt(`to${writes[i].name}`, names, { offset, strides: strides[i] })
    source.add(`store(${outOf(writes[i])}, ${at}, ${stored(body, outputs[o].value)});`)
  })
  return {
    source: `${source}`,
    threads: sizeOf(shape),
    reads: used.map(input => ({
      place: { arg: input },
      name: input,
      slot: slots[input],
      ...extent(shape, inputs[input].view),
    })),
    writes,
    constants: source.constants,
  }
}
