import { interpret } from '../../devices/reference/interpret.js'
import type { Runtime } from '../../index.js'
import { asElement, isFloat, type TypedArray } from '../../kernel/dtype.js'
import { evaluate, type Instr } from '../../kernel/expr.js'
import type { Kernel, MapKernel, ReduceKernel, SimpleKernel } from '../../kernel/kernel.js'
import { operands, writtenArguments } from '../../kernel/operands.js'
import { type Shape, sizeOf, type View } from '../../kernel/shape.js'

// How far a device may be off: running error analysis (Higham 2002, "Accuracy and Stability of Numerical Algorithms",
// section 3.3). Every scalar operation may err by a stated relative error, and hands on what its operands err by.

/** What a device states: the relative errors of one scalar operation and of products, and whether floats saturate. */
export type Tolerances = Pick<Runtime, 'mapEps' | 'matmulEps' | 'saturates'>

/**
 * How far each element of each argument may be off, in absolute terms, after a kernel has run on `args` (their contents
 * before it runs): 0 where a device must give the very same bits. Where floats saturate, anything may become of what is
 * computed with an infinity or NaN.
 */
export function errorBounds(kernel: Kernel, args: readonly TypedArray[], eps: Tolerances): Float64Array[] {
  const bounds = args.map(array => new Float64Array(array.length))
  switch (kernel.kind) {
    case 'map':
      mapBounds(kernel, args, eps, bounds)
      break
    case 'reduce':
      reduceBounds(kernel, args, eps, bounds)
      break
    case 'matmul':
      relativeToMagnitudes({ ...kernel, dtype: 'float64' }, args, 4 * eps.matmulEps, eps, bounds)
      break
    case 'scatterAdd':
      if (isFloat(kernel.dtype))
        relativeToMagnitudes({ ...kernel, dtype: 'float64' }, args, 4 * eps.mapEps, eps, bounds)
      break
    case 'copy': {
      const source = typeof kernel.source === 'number' ? Math.abs(kernel.source) : kernel.source
      if (isFloat(kernel.dtype) && kernel.accumulate)
        relativeToMagnitudes({ ...kernel, dtype: 'float64', source }, args, 4 * eps.mapEps, eps, bounds)
      break
    }
    // Moves bits, or is drawn such that all of its numbers are exact.
    case 'gather':
    case 'randomBits':
    case 'loop':
      break
    default:
      kernel satisfies never
  }
  return bounds
}

/**
 * What stated error would have done, in words. `share`: the largest error that was measured, as a share of the bounds that
 * follow from the stated one.
 */
export function measuredError(name: 'mapEps' | 'matmulEps', share: number, tolerances: Tolerances): string {
  const stated = tolerances[name]
  return share > 0
    ? `; ${name} ${(share * stated).toPrecision(2)} would do, it is held to ${stated.toPrecision(2)}`
    : ''
}

/**
 * Bounds of what a kernel of float64 adds up: relative to what it gives for absolute values, Σ |a| |b|, as rounding is.
 */
function relativeToMagnitudes(
  kernel: SimpleKernel,
  args: readonly TypedArray[],
  eps: number,
  { saturates }: Tolerances,
  bounds: readonly Float64Array[],
): void {
  const absolute = args.map(array =>
    array instanceof Int32Array ? array.slice() : Float64Array.from(array, Math.abs),
  )
  interpret(
    kernel,
    absolute.map(array => ({ memory: array.buffer, offset: 0 })),
  )
  operands(kernel).forEach(({ role }, i) => {
    if (role !== 'read') relativeTo(absolute[i], eps, saturates, bounds[i])
  })
}

/** Where a magnitude is not finite, neither is the result, whatever the rounding, unless floats saturate. */
function relativeTo(
  magnitude: ArrayLike<number>,
  eps: number,
  saturates: boolean,
  bounds: Float64Array,
): void {
  for (let i = 0; i < bounds.length; i++)
    if (Number.isFinite(magnitude[i])) bounds[i] += eps * magnitude[i]
    else if (saturates) bounds[i] = Infinity
}

/** Calls `visit` with the positions of every element of a shape in some views, and its index in row-major order. */
function forEachElement(
  shape: Shape,
  views: readonly View[],
  visit: (positions: number[], i: number) => void,
): void {
  const index = shape.map(() => 0)
  for (let i = 0; i < sizeOf(shape); i++) {
    visit(
      views.map(({ offset, strides }) => strides.reduce((sum, s, d) => sum + s * index[d], offset)),
      i,
    )
    for (let d = shape.length - 1; d >= 0 && ++index[d] === shape[d]; d--) index[d] = 0
  }
}

function mapBounds(
  kernel: MapKernel,
  args: readonly TypedArray[],
  eps: Tolerances,
  bounds: readonly Float64Array[],
): void {
  const { shape, body, outputs } = kernel
  const views = operands(kernel).map(({ view }) => view)
  const written = [...writtenArguments(kernel)]
  // An output may be an input: bounds are those of the values before.
  forEachElement(shape, views, positions => {
    const lines = evaluateWithError(body, args, positions, eps)
    outputs.forEach(({ value }, i) => {
      bounds[written[i]][positions[written[i]]] = lines[value].error
    })
  })
}

function reduceBounds(
  kernel: ReduceKernel,
  args: readonly TypedArray[],
  eps: Tolerances,
  bounds: readonly Float64Array[],
): void {
  const { op, shape, inputs, body, value, dtype } = kernel
  const [target] = writtenArguments(kernel)
  const results = bounds[target]
  // Elements of `shape` that are reduced to one.
  const count = sizeOf(shape) / sizeOf(operands(kernel)[target].shape)
  const magnitude = new Float64Array(results.length)
  const views = inputs.map(({ view }) => view)
  forEachElement(shape, views, (positions, i) => {
    const line = evaluateWithError(body, args, positions, eps)[value]
    const result = Math.floor(i / count)
    magnitude[result] += Math.abs(line.value)
    results[result] = op === 'sum' ? results[result] + line.error : Math.max(results[result], line.error)
  })
  if (op === 'sum' && isFloat(dtype)) relativeTo(magnitude, 4 * eps.mapEps, eps.saturates, results)
}

/** A value, and how far it may be off. */
type Approximate = { readonly value: number; readonly error: number }

/** Every line of a body at one element, at a position in each argument, and how far it may be off. */
function evaluateWithError(
  body: readonly Instr[],
  args: readonly TypedArray[],
  positions: readonly number[],
  eps: Tolerances,
): Approximate[] {
  const lines: Approximate[] = []
  for (const instr of body) {
    if (instr.op === 'input') {
      const value = args[instr.value][positions[instr.value]]
      lines.push({ value, error: eps.saturates && !Number.isFinite(value) ? Infinity : 0 })
    } else if (instr.op === 'const') lines.push({ value: asElement(instr.dtype, instr.value), error: 0 })
    else
      lines.push(
        operationWithError(
          instr,
          instr.args.map(line => lines[line]),
          eps,
        ),
      )
  }
  return lines
}

/** The smallest normal number of float32: devices may take what is less for zero. */
const smallestNormal = 1.2e-38
/** The largest number of float32. */
const largestFinite = 3.4e38

/** Primitives that only choose or tell apart; all others may round. */
const exact: ReadonlySet<Instr['op']> = new Set([
  'min',
  'max',
  'neg',
  'abs',
  'floor',
  'eq',
  'lt',
  'le',
  'select',
])

/** One operation on operands that may be off. */
function operationWithError(instr: Instr, operands: readonly Approximate[], eps: Tolerances): Approximate {
  const evaluateAt = ([a, b, c]: readonly number[]) => evaluate(instr, a, b, c)
  const value = evaluateAt(operands.map(x => x.value))
  if (eps.saturates && !Number.isFinite(value)) return { value, error: Infinity }
  const rounds = isFloat(instr.dtype) && !exact.has(instr.op) && Number.isFinite(value)
  const rounding = rounds ? 2 * eps.mapEps * Math.abs(value) + smallestNormal : 0
  // Near the end of float32's range a device may overflow or not.
  const nearOverflow = Number.isFinite(value) && Math.abs(value) > largestFinite * (1 - 4 * eps.mapEps)
  if (instr.dtype === 'float32' && nearOverflow) return { value, error: Infinity }
  if (operands.every(x => x.error === 0)) return { value, error: rounding }
  return { value, error: spread(instr, operands, value, evaluateAt) + rounding }
}

/**
 * How far the result may be off for operands anywhere within their errors: its largest distance from `value` at the corners
 * of the box that the operands lie in.
 */
function spread(
  { op }: Instr,
  operands: readonly Approximate[],
  value: number,
  evaluateAt: (operands: readonly number[]) => number,
): number {
  if (operands.some(x => x.error === Infinity)) return Infinity
  const [a, b] = operands
  if (op === 'eq' && Math.abs(a.value - b.value) <= a.error + b.error) return 1
  // Between the corners there may be a pole.
  if (op === 'div' && Math.abs(b.value) <= b.error) return Infinity
  let corners: number[][] = [[]]
  for (const { value: x, error } of operands) {
    // Zero is a value of its own to many.
    const zero = Math.abs(x) <= error ? [0] : []
    const candidates = error === 0 ? [x] : [x - error, x, x + error, ...zero]
    corners = corners.flatMap(corner => candidates.map(candidate => [...corner, candidate]))
  }
  let worst = 0
  for (const corner of corners) {
    const other = evaluateAt(corner)
    if (Object.is(other, value) || other === value) continue
    const distance = Math.abs(other - value)
    worst = Math.max(worst, Number.isNaN(distance) ? Infinity : distance)
  }
  return worst
}
