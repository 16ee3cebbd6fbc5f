import type { ReduceKernel } from '../../../kernel/kernel.js'
import { sizeOf } from '../../../kernel/shape.js'
import { collapse } from '../../shared/axes.js'
import { linesFor } from '../../shared/lines.js'
import { emitBody, loadThrough, nameOf } from './body.js'
import {
  extent,
  indices,
  type Pass,
  type Passes,
  type Place,
  readOf,
  repeat,
  Source,
  writeTo,
} from './pass.js'

/**
 * Into how many parts to cut `length` terms of each of `outputs` sums: 1 if there are sums enough for `busy` threads,
 * else such that a part is at most as long as there are parts.
 */
export const partsOf = (outputs: number, length: number, busy: number): number =>
  outputs >= busy || length < 64 ? 1 : Math.min(Math.ceil(Math.sqrt(length)), Math.ceil(busy / outputs))

/**
 * One thread for each output, or for each part of one; then a second pass takes the parts together. The order is
 * fixed, so results are the same every time. `busy`: how many threads keep the device busy.
 */
export function reducePasses(kernel: ReduceKernel, slots: readonly number[], busy: number): Passes {
  const { op, dtype, shape, axes, inputs, body, value } = kernel
  const kept = shape.slice(0, shape.length - axes)
  const reduced = shape.slice(shape.length - axes)
  const [outputs, length] = [sizeOf(kept), sizeOf(reduced)]
  const parts = partsOf(outputs, length, busy)
  const lines = linesFor(body, [value])
  const used = [...new Set(lines.filter(line => body[line].op === 'input').map(line => body[line].value))]

  const source = new Source()
  const strides = used.map(input => inputs[input].view.strides)
  const outer = collapse(
    kept,
    strides.map(s => s.slice(0, kept.length)),
  )
  const inner = collapse(
    reduced,
    strides.map(s => s.slice(kept.length)),
  )
  const views = inputs.map((input, i) => {
    const at = used.indexOf(i)
    const walked = at < 0 ? [] : [...outer.strides[at], ...inner.strides[at]]
    return { ...input, view: { ...input.view, strides: walked } }
  })
  source.add('let intAt = this.thread.x;')
  if (parts > 1)
    source.add(`let intOut = quotient(intAt, ${parts});`, `let intPart = remainder(intAt, ${parts});`)
  const outerNames = indices(source, outer.shape, parts > 1 ? 'intOut' : 'intAt', 'int_')
  const step = new Source(source.constants)
  if (parts > 1) step.add(`let intTerm = intStep * ${parts} + intPart;`)
  const innerNames = indices(step, inner.shape, parts > 1 ? 'intTerm' : 'intStep', 'int__')
  emitBody(
    step,
    body,
    lines,
    loadThrough(views, input => `in${slots[input]}`, [...outerNames, ...innerNames]),
  )
  const accumulator = new Accumulator(op, dtype === 'int32')
  step.add(accumulator.take(nameOf(body, value)))
  const steps = Math.ceil(length / parts)
  // The last steps of the last parts are past the end.
  const guarded =
    steps * parts === length
      ? step.lines
      : [`if (intStep * ${parts} + intPart < ${length}) {`, ...step.lines, '}']
  source.add(accumulator.begin(source))
  // Without terms there is nothing to divide by when they are found; Chromium's compiler minds.
  if (steps) source.add(...repeat('intStep', steps, guarded))
  source.add(accumulator.end('to + intAt'))

  const first: Pass = {
    source: `${source}`,
    threads: outputs * parts,
    reads: (length ? used : []).map(input => ({
      place: { arg: input },
      name: input,
      slot: slots[input],
      ...extent(shape, inputs[input].view),
    })),
    writes: [writeTo(parts > 1 ? { temp: 0 } : { arg: inputs.length })],
    constants: source.constants,
  }
  if (parts === 1) return { passes: [first], temps: [] }
  const second = takeTogether(op, dtype === 'int32', outputs, parts, { arg: inputs.length })
  return { passes: [first, second], temps: [outputs * parts * 4] }
}

/** A pass that takes `parts` neighbours in temporary 0 together, for each of `outputs`. */
export function takeTogether(
  op: 'sum' | 'max',
  int: boolean,
  outputs: number,
  parts: number,
  write: Place,
): Pass {
  const source = new Source()
  const accumulator = new Accumulator(op, int)
  source.add('let intAt = this.thread.x;', accumulator.begin(source))
  const element = `in0[base0 + intAt * ${parts} + intStep]`
  const part = int ? 'intPart' : 'part'
  source.add(
    ...repeat('intStep', parts, [
      `let ${part} = ${int ? `bitsOf(${element})` : element};`,
      accumulator.take(part),
    ]),
    accumulator.end('to + intAt'),
  )
  return {
    source: `${source}`,
    threads: outputs,
    reads: [readOf({ temp: 0 }, 0, outputs * parts)],
    writes: [writeTo(write)],
    constants: source.constants,
  }
}

/** The statements of a running sum or maximum. */
class Accumulator {
  readonly #name: string

  constructor(
    readonly op: 'sum' | 'max',
    readonly int: boolean,
  ) {
    this.#name = int ? 'intTotal' : 'total'
  }

  begin(source: Source): string {
    const least = this.int ? '-2147483648' : source.float(Number.NEGATIVE_INFINITY)
    return `let ${this.#name} = ${this.op === 'sum' ? 0 : least};`
  }

  take(value: string): string {
    const total = this.#name
    if (this.op === 'sum') return `${total} = ${total} + ${value};`
    return `${total} = ${this.int ? 'intMax' : 'floatMax'}(${total}, ${value});`
  }

  end(at: string): string {
    return `store(out, ${at}, ${this.int ? `ofBits(${this.#name})` : this.#name});`
  }
}
