import type { ReduceKernel } from '../../../kernel/kernel.js'
import { operands } from '../../../kernel/operands.js'
import { sizeOf, type View } from '../../../kernel/shape.js'
import { reductionAxes } from '../../shared/axes.js'
import { linesFor } from '../../shared/lines.js'
import { emitBody, inputsOf, loadThrough, nameOf } from './body.js'
import { onlyWrite, type Pass, type Passes, readOf, readTemporary, writeOf } from './pass.js'
import { indices, loaded, repeat, Source, stored } from './source.js'

/**
 * Into how many partial sums to cut each of `outputs` sums of `length` terms: 1 if there are sums enough to keep
 * `threads` threads busy, else such that no partial sum has more terms than there are partial sums.
 */
export const partialSums = (outputs: number, length: number, threads: number): number =>
  outputs >= threads || length < 64 ? 1 : Math.min(Math.ceil(Math.sqrt(length)), Math.ceil(threads / outputs))

/**
 * One thread for each output, or for each partial sum (or maximum) of one, which a second pass then combines. The order
 * is fixed, so results are the same every time. `saturation`: how many threads keep the device busy.
 */
export function reducePasses(kernel: ReduceKernel, slots: readonly number[], saturation: number): Passes {
  const { op, dtype, shape, axes, inputs, body, value } = kernel
  const kept = shape.slice(0, shape.length - axes)
  const [outputs, length] = [sizeOf(kept), sizeOf(shape.slice(kept.length))]
  const partials = partialSums(outputs, length, saturation)
  const lines = linesFor(body, [value])
  const used = inputsOf(body, lines)
  const { outer, inner, views } = collapsed(kernel, used)

  const source = new Source()
  source.add('let intAt = this.thread.x;')
  if (partials > 1)
    source.add(`let intOut = quotient(intAt, ${partials});`, `let intPart = remainder(intAt, ${partials});`)
  const outerNames = indices(source, outer, partials > 1 ? 'intOut' : 'intAt', 'int_')
  const step = new Source(source.constants)
  if (partials > 1) step.add(`let intTerm = intStep * ${partials} + intPart;`)
  const innerNames = indices(step, inner, partials > 1 ? 'intTerm' : 'intStep', 'int__')
  const names = [...outerNames, ...innerNames]
  const arrayOf = (input: number) => `in${slots[input]}`
  emitBody(step, body, lines, loadThrough(views, arrayOf, names))
  const accumulator = new Accumulator(op, dtype === 'int32')
  step.add(accumulator.add(nameOf(body, value)))
  const steps = Math.ceil(length / partials)
  // The last steps of the last partial sums are past the end.
  const guarded =
    steps * partials === length
      ? step.lines
      : [`if (intStep * ${partials} + intPart < ${length}) {`, ...step.lines, '}']
  source.add(accumulator.begin(source))
  // Of no terms the indices would be quotients by zero, which Chromium's shader compiler refuses.
  if (steps) source.add(...repeat('intStep', steps, guarded))
  source.add(accumulator.store('to + intAt'))

  const args = operands(kernel)
  const result = writeOf(args, inputs.length)
  const first: Pass = {
    source: `${source}`,
    threads: outputs * partials,
    reads: length ? used.map(input => readOf(args, input, slots[input])) : [],
    writes: [partials > 1 ? onlyWrite({ temporary: 0 }) : result],
    constants: source.constants,
  }
  if (partials === 1) return { passes: [first], temporaries: [] }
  const second = { ...combinePartials(op, dtype === 'int32', outputs, partials), writes: [result] }
  return { passes: [first, second], temporaries: [outputs * partials * 4] }
}

/** Sizes of the kept (`outer`) and the reduced (`inner`) axes, collapsed, and all inputs' views over them; only those of `used` have strides. */
function collapsed(
  kernel: ReduceKernel,
  used: readonly number[],
): { outer: readonly number[]; inner: readonly number[]; views: readonly View[] } {
  const { kept, reduced } = reductionAxes(
    kernel,
    used.map(input => kernel.inputs[input].view.strides),
  )
  const views = kernel.inputs.map(({ view: { offset } }, input) => {
    const i = used.indexOf(input)
    return { offset, strides: i < 0 ? [] : [...kept.strides[i], ...reduced.strides[i]] }
  })
  return { outer: kept.shape, inner: reduced.shape, views }
}

/** A pass, but for its write, that combines the `partials` neighbours of each of `outputs` in temporary 0. */
function combinePartials(
  op: 'sum' | 'max',
  isInt: boolean,
  outputs: number,
  partials: number,
): Omit<Pass, 'writes'> {
  const source = new Source()
  const accumulator = new Accumulator(op, isInt)
  source.add('let intAt = this.thread.x;', accumulator.begin(source))
  const part = isInt ? 'intPart' : 'part'
  source.add(
    ...repeat('intStep', partials, [
      `let ${part} = ${loaded(isInt, `in0[base0 + intAt * ${partials} + intStep]`)};`,
      accumulator.add(part),
    ]),
    accumulator.store('to + intAt'),
  )
  return {
    source: `${source}`,
    threads: outputs,
    reads: [readTemporary(outputs * partials)],
    constants: source.constants,
  }
}

/** The statements of a running sum or maximum. */
class Accumulator {
  readonly #name: string

  constructor(
    readonly op: 'sum' | 'max',
    readonly isInt: boolean,
  ) {
    this.#name = isInt ? 'intTotal' : 'total'
  }

  begin(source: Source): string {
    const least = this.isInt ? '-2147483648' : source.float(Number.NEGATIVE_INFINITY)
    return `let ${this.#name} = ${this.op === 'sum' ? 0 : least};`
  }

  add(value: string): string {
    const total = this.#name
    if (this.op === 'sum') return `${total} = ${total} + ${value};`
    return `${total} = ${this.isInt ? 'intMax' : 'floatMax'}(${total}, ${value});`
  }

  store(element: string): string {
    return `store(out, ${element}, ${stored(this.isInt, this.#name)});`
  }
}
