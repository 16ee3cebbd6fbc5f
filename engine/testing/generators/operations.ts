import type fc from 'fast-check'
import type { ElementwiseOp } from '../../graph/tensor.js'
import {
  bitsAt,
  type Draw,
  device,
  keyFromSeed,
  realise,
  registeredOps,
  type Sample,
  type Shape,
  type Tensor,
  tensor,
  uniformAt,
} from '../../index.js'
import { isFloat, type TypedArray } from '../../kernel/dtype.js'
import { input } from '../../kernel/expr.js'
import { sizeOf } from '../../kernel/shape.js'
import { drawWith } from '../fastCheck.js'
import { unusual, withNanBits } from './values.js'

/** The operations defined so far that say how to be tested, the user's own included. */
export const sampledOps = () => registeredOps().filter(op => op.sample)

type SampledOp = ReturnType<typeof sampledOps>[number]

/** An input as it lies in memory, and the views that make the wanted shape of it. */
type StridedInput = {
  readonly memory: Shape
  readonly values: TypedArray
  readonly view: (t: Tensor) => Tensor
  /** The views, for people. */
  readonly printed: string
}

/** One random use of an operation with values for its inputs, as the generated tests draw it. */
export type DrawnCase = { readonly sample: Sample; readonly inputs: readonly StridedInput[] }

/** A random chain of views that ends in `shape`, drawn backwards to the memory that it starts from. */
function drawViews(draw: Draw, shape: Shape): Omit<StridedInput, 'values'> {
  let memory = shape
  let view = (t: Tensor) => t
  let printed = ''
  const prepend = (shape: Shape, first: typeof view, name: string): void => {
    const rest = view
    memory = shape
    view = t => rest(first(t))
    printed = `.${name}${printed}`
  }
  for (let count = draw.int(0, 3); count > 0; count--) {
    const target = memory
    const d = draw.int(0, Math.max(0, target.length - 1))
    const sized = (size: number): number[] => target.map((n, e) => (e === d ? size : n))
    const kind = target.length ? draw.int(0, 4) : 4
    if (kind === 0) prepend(target, t => t.flip(d), `flip(${d})`)
    else if (kind === 1) {
      const axes = target.map((_, e) => (e + d) % target.length)
      prepend(
        target.map((_, e) => target[axes.indexOf(e)]),
        t => t.permute(...axes),
        `permute(${axes})`,
      )
    } else if (kind === 2) {
      const [start, step, rest] = [draw.int(0, 2), draw.int(1, 3), draw.int(0, 2)]
      const end = target[d] ? start + (target[d] - 1) * step + 1 : start
      prepend(sized(end + rest), t => t.slice(d, start, end, step), `slice(${[d, start, end, step]})`)
    } else if (kind === 3) prepend(sized(1), t => t.expand(...target), `expand(${target})`)
    else prepend([3, ...target], t => t.slice(0, 1, 2).squeeze(0), 'slice(0,1,2).squeeze(0)')
  }
  return { memory, view, printed }
}

type Range = Omit<Sample['inputs'][number], 'shape'>

/** Random values in a range; integers for int32. */
function valuesInRange({ dtype, min, max }: Required<Range>, size: number, seed: number): TypedArray {
  const key = keyFromSeed(seed)
  if (isFloat(dtype))
    return Float64Array.from({ length: size }, (_, i) => min + (max - min) * uniformAt(key, 0, i))
  const span = max - min + 1
  return Int32Array.from({ length: size }, (_, i) => min + ((bitsAt(key, 0, i) >>> 0) % span))
}

/** Whether an elementwise operation is defined for integers. */
function takesIntegers({ expr }: ElementwiseOp): boolean {
  try {
    expr(...Array.from({ length: expr.length }, (_, i) => input(i, 'int32')))
    return true
  } catch {
    return false
  }
}

/**
 * An arbitrary that draws uses of one operation and shrinks them. `all`: also of integers, where the operation takes
 * them, and with infinities, NaN and the like.
 */
export const casesOf = (check: typeof fc, op: SampledOp, { all = false } = {}): fc.Arbitrary<DrawnCase> =>
  check.gen().map(gen => {
    const draw = drawWith(check, gen)
    const sample = op.sample!(draw)
    const elementwise = op.kind === 'elementwise'
    const integers = all && elementwise && takesIntegers(op) && draw.int(0, 2) === 2
    const odd = all && draw.int(0, 1) === 1
    const inputs = sample.inputs.map(({ shape, ...range }): StridedInput => {
      const { memory, view, printed } = drawViews(draw, shape)
      const whole = { dtype: 'int32', min: -(2 ** 31), max: 2 ** 31 - 1 } as const
      const wanted: Required<Range> =
        integers && !range.dtype ? whole : { dtype: 'float64', min: -2, max: 2, ...range }
      const size = sizeOf(memory)
      const seed = gen(check.nat)
      const values = valuesInRange(wanted, size, seed)
      if (odd && values instanceof Float64Array)
        for (let i = 0; i < size; i++) {
          const bits = bitsAt(keyFromSeed(seed), 1, i) >>> 0
          if (bits % 2 === 0) values[i] = unusual[(bits >>> 8) % unusual.length]
        }
      return { memory, values, view, printed }
    })
    return { sample, inputs }
  })

/** The result of a use with `inputs` as its memory. */
export const applyCase = (drawn: DrawnCase, inputs: readonly Tensor[]): Tensor =>
  drawn.sample.apply(...inputs.map((t, i) => drawn.inputs[i].view(t)))

/** A use with other values, made of those of its floats. */
export const withValues = (drawn: DrawnCase, change: (value: number) => number): DrawnCase => ({
  ...drawn,
  inputs: drawn.inputs.map(input =>
    input.values instanceof Int32Array
      ? input
      : { ...input, values: Float64Array.from(input.values, x => change(x)) },
  ),
})

/** A use with the absolute values of its floats. */
export const absolute = (drawn: DrawnCase): DrawnCase => withValues(drawn, Math.abs)

/** A use's inputs, for people: the memory of each, and how it is looked at. */
export const printCase = ({ inputs }: DrawnCase): string =>
  inputs
    .map(
      ({ memory, values, printed }, i) =>
        `  input ${i}: [${memory}]${printed} of ${Array.from(values).join(', ')}`,
    )
    .join('\n')

/** The memory of a use's inputs as tensors; floats in a dtype. */
export const inputsOf = ({ inputs }: DrawnCase, dtype: 'float32' | 'float64'): Tensor[] =>
  inputs.map(({ memory, values }) => {
    const isFloat32 = dtype === 'float32' && !(values instanceof Int32Array)
    return tensor(isFloat32 ? withNanBits(Float32Array.from(values)) : values, { shape: memory })
  })

/** Whether no element of a use is at a kink, by the record's `smooth`. */
export async function isSmooth(drawn: DrawnCase): Promise<boolean> {
  const { smooth } = drawn.sample
  if (!smooth) return true
  // The node's own inputs: after broadcasting, element by element.
  const { inputs } = applyCase(drawn, inputsOf(drawn, 'float64'))
  realise(inputs, device('reference'))
  const values = await Promise.all(inputs.map(t => t.data()))
  return values[0].every((_, i) => smooth(...values.map(v => v[i])))
}
