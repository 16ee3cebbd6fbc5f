import { interpret } from '../../devices/reference/interpret.js'
import { isFloat, type TypedArray } from '../../kernel/dtype.js'
import { evaluate, type Instr } from '../../kernel/expr.js'
import type { Kernel, MapKernel, ReduceKernel } from '../../kernel/kernel.js'
import { contiguousView, type Shape, sizeOf, type View } from '../../kernel/shape.js'
import type { Tolerances } from './compare.js'

// How far a device may be off: running error analysis. Every scalar operation may err by a stated relative error, and
// hands on what its operands err by.

/** How far each element of each argument of a kernel may be off after it has run on `args` (as they are before). */
export function errorBounds(kernel: Kernel, args: readonly TypedArray[], eps: Tolerances): Float64Array[] {
  const bounds = args.map(array => new Float64Array(array.length))
  const out = bounds[args.length - 1]
  switch (kernel.kind) {
    case 'map':
      mapBounds(kernel, args, eps, bounds)
      break
    case 'reduce':
      reduceBounds(kernel, args, eps, bounds)
      break
    case 'matmul':
      relativeTo(magnitudes({ ...kernel, dtype: 'float64' }, args), 4 * eps.matmul, out)
      break
    case 'scatterAdd':
      if (isFloat(kernel.dtype))
        relativeTo(magnitudes({ ...kernel, dtype: 'float64' }, args), 4 * eps.map, out)
      break
    case 'copy': {
      const { dtype, accumulate, source: from } = kernel
      const source = typeof from === 'number' ? Math.abs(from) : from
      if (isFloat(dtype) && accumulate)
        relativeTo(magnitudes({ ...kernel, dtype: 'float64', source }, args), 4 * eps.map, out)
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

/** The last argument after a kernel of float64 has run on absolute values: Σ |a| |b|, to which rounding is relative. */
function magnitudes(kernel: Kernel, args: readonly TypedArray[]): Float64Array {
  const absolute = args.map(array =>
    array instanceof Int32Array ? array.slice() : Float64Array.from(array, Math.abs),
  )
  interpret(
    kernel,
    absolute.map(array => ({ memory: array.buffer, offset: 0 })),
  )
  return absolute[args.length - 1] as Float64Array
}

/** Where a magnitude is not finite, neither is the result, whatever the rounding. */
function relativeTo(magnitude: Float64Array, eps: number, out: Float64Array): void {
  magnitude.forEach((x, i) => {
    if (Number.isFinite(x)) out[i] += eps * x
  })
}

/** Calls `visit` with the positions of every element of a shape in some views, and its number. */
function forEach(shape: Shape, views: readonly View[], visit: (at: number[], i: number) => void): void {
  const index = shape.map(() => 0)
  for (let i = 0; i < sizeOf(shape); i++) {
    visit(
      views.map(({ offset, strides }) => strides.reduce((at, s, d) => at + s * index[d], offset)),
      i,
    )
    for (let d = shape.length - 1; d >= 0 && ++index[d] === shape[d]; d--) index[d] = 0
  }
}

function mapBounds(
  { shape, inputs, body, outputs }: MapKernel,
  args: readonly TypedArray[],
  eps: Tolerances,
  bounds: readonly Float64Array[],
): void {
  const views = [...inputs, ...outputs].map(({ view }) => view)
  // An output may be an input: bounds are those of the values before.
  forEach(shape, views, at => {
    const lines = evaluateWithError(body, args, at, eps)
    outputs.forEach(({ value }, i) => {
      bounds[inputs.length + i][at[inputs.length + i]] = lines[value].error
    })
  })
}

function reduceBounds(
  { op, shape, axes, inputs, body, value, dtype }: ReduceKernel,
  args: readonly TypedArray[],
  eps: Tolerances,
  bounds: readonly Float64Array[],
): void {
  const out = bounds[inputs.length]
  const count = sizeOf(shape.slice(shape.length - axes))
  const views = inputs.map(({ view }) => view)
  const magnitude = new Float64Array(out.length)
  forEach(shape, [...views, contiguousView(shape)], (at, i) => {
    const line = evaluateWithError(body, args, at, eps)[value]
    const o = Math.floor(i / count)
    magnitude[o] += Math.abs(line.value)
    out[o] = op === 'sum' ? out[o] + line.error : Math.max(out[o], line.error)
  })
  if (op === 'sum' && isFloat(dtype)) relativeTo(magnitude, 4 * eps.map, out)
}

type Approximate = { readonly value: number; readonly error: number }

/** Every line of a body at one element, and how far it may be off. */
function evaluateWithError(
  body: readonly Instr[],
  args: readonly TypedArray[],
  at: readonly number[],
  eps: Tolerances,
): Approximate[] {
  const lines: Approximate[] = []
  for (const instr of body) {
    if (instr.op === 'input') lines.push({ value: args[instr.value][at[instr.value]], error: 0 })
    else if (instr.op === 'const')
      lines.push({ value: instr.value, error: instr.dtype === 'float32' ? 1e-7 * Math.abs(instr.value) : 0 })
    else
      lines.push(
        operation(
          instr,
          instr.args.map(line => lines[line]),
          eps,
        ),
      )
  }
  return lines
}

/** What devices may take for zero. */
const smallest = 1.2e-38
const largest = 3.4e38

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

function operation(instr: Instr, operands: readonly Approximate[], eps: Tolerances): Approximate {
  const evaluateAt = ([a, b, c]: readonly number[]) => evaluate(instr, a, b, c)
  const value = evaluateAt(operands.map(x => x.value))
  const rounds = isFloat(instr.dtype) && !exact.has(instr.op) && Number.isFinite(value)
  const rounding = rounds ? 2 * eps.map * Math.abs(value) + smallest : 0
  // In float32 it may be finite or not.
  if (instr.dtype === 'float32' && Number.isFinite(value) && Math.abs(value) > largest * (1 - 4 * eps.map))
    return { value, error: Infinity }
  if (operands.every(x => x.error === 0)) return { value, error: rounding }
  return { value, error: spread(instr, operands, value, evaluateAt) + rounding }
}

/** How far the result may be off for operands anywhere within their errors: what it is at the corners. */
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
