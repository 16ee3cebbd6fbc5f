import type { MapKernel } from '../../kernel.js'
import { sizeOf } from '../../shape.js'
import { linesFor } from '../wasm/body.js'
import { collapse } from '../wasm/strided.js'
import { emitBody, loadThrough, stored } from './body.js'
import { elementAt, extent, indices, type Pass, type Passes, Source } from './pass.js'

/**
 * A pass for each output of a map, as a gpu.js kernel has one: it computes what this output needs again. `slots`: for
 * each argument, the slot of the buffer that it is known to be in.
 */
export function mapPasses({ shape, inputs, body, outputs }: MapKernel, slots: readonly number[]): Passes {
  const passes = outputs.map(({ view, value }, o): Pass => {
    const lines = linesFor(body, [value])
    const used = lines.filter(line => body[line].op === 'input').map(line => body[line].value)
    const { shape: axes, strides } = collapse(shape, [
      view.strides,
      ...used.map(input => inputs[input].view.strides),
    ])
    const walked = new Map(used.map((input, i) => [input, strides[i + 1]]))
    const views = inputs.map((input, i) => ({
      ...input,
      view: { ...input.view, strides: walked.get(i) ?? [] },
    }))
    const source = new Source()
    source.add('let intAt = this.thread.x;')
    const names = indices(source, axes, 'intAt', 'int_')
    emitBody(source, body, lines, loadThrough(views, slots, names))
    source.add(
      `store(${elementAt('base', names, { offset: view.offset, strides: strides[0] })}, ${stored(body, value)});`,
    )
    return {
      source: `${source}`,
      threads: sizeOf(shape),
      reads: [...new Set(used)].map(input => ({
        place: { arg: input },
        name: input,
        slot: slots[input],
        ...extent(shape, inputs[input].view),
      })),
      write: { arg: inputs.length + o },
      constants: source.constants,
    }
  })
  return { passes, temps: [] }
}
