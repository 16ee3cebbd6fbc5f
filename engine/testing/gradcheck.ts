import { compile } from '../compile.js'
import { gradients } from '../gradient.js'
import type { Tensor } from '../graph/tensor.js'
import { isFloat, type TypedArray } from '../kernel/dtype.js'
import { contiguousStrides, printShape } from '../kernel/shape.js'
import { uniformAt } from '../kernel/threefry.js'
import { tensor } from '../ops/index.js'
import { dispose } from '../scope.js'

/** How exactly `gradcheck` compares, and where. */
export type GradcheckOptions = {
  /** Half the distance of the central difference (default 1e-5); a tenth and a hundredth of it are tried, too. */
  readonly step?: number
  /** Largest difference of the derivatives, relative to 1 or to their size if that is larger (default 1e-6). */
  readonly tolerance?: number
  /** Check second derivatives, too (default false). */
  readonly second?: boolean
  /** What the inputs are called in messages; by default by their number. */
  readonly names?: readonly string[]
}

/** The sum of a tensor with fixed random weights in [0.5, 1.5): a scalar which no symmetry makes vanish. */
const weightedSum = (y: Tensor, stream: number): Tensor => {
  const weights = Float64Array.from({ length: y.size }, (_, i) => 0.5 + uniformAt([1, 2], stream, i))
  return y.mul(tensor(weights, { shape: y.shape })).sum()
}

/** The index of element `i` of a tensor in row-major order, as `[0,2]`. */
export const printIndex = (i: number, { shape }: Tensor): string =>
  printShape(contiguousStrides(shape).map((stride, d) => Math.floor(i / stride) % shape[d]))

/**
 * Compare the analytic gradients of a function with central differences, in float64 on the reference device.
 * `fn`: tensors to a tensor of any shape (it is reduced with fixed weights). `inputs`: tensors; floats are converted to
 * float64 and checked, int32 are passed on.
 *
 * @throws Error that names the input, its element, the analytic and the numeric derivative, when they differ.
 */
export async function gradcheck(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  { step = 1e-5, tolerance = 1e-6, second = false, names }: GradcheckOptions = {},
): Promise<void> {
  const values = await Promise.all(inputs.map(t => t.data()))
  const copies = inputs.map((t, i) =>
    tensor(isFloat(t.dtype) ? Float64Array.from(values[i]) : values[i], { shape: t.shape }),
  )
  const floats = (xs: readonly Tensor[]) => xs.filter(t => isFloat(t.dtype))
  const value = (xs: readonly Tensor[]) => weightedSum(fn(...xs), 0)
  const gradient = (xs: readonly Tensor[]) => gradients(value(xs), floats(xs))
  const gradientValue = (xs: readonly Tensor[]) =>
    gradient(xs)
      .map((g, i) => weightedSum(g, i + 1))
      .reduce((a, b) => a.add(b))
  const secondGradient = (xs: readonly Tensor[]) => gradients(gradientValue(xs), floats(xs))
  const options = { step, tolerance, names: names ?? inputs.map((_, i) => `input ${i}`) }
  try {
    await compareWithDifferences(value, gradient, copies, options, 'gradcheck')
    if (second)
      await compareWithDifferences(
        gradientValue,
        secondGradient,
        copies,
        options,
        'gradcheck of the gradients',
      )
  } finally {
    dispose(copies)
  }
}

/** As in `GradcheckOptions`. */
type Differences = {
  readonly step: number
  readonly tolerance: number
  readonly names: readonly string[]
}

/**
 * Compare a gradient with central differences of its function, for every element of every float in `inputs`.
 * @throws Error that begins with `what`, for the first derivative that differs.
 */
async function compareWithDifferences(
  fn: (xs: readonly Tensor[]) => Tensor,
  gradient: (xs: readonly Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
  options: Differences,
  what: string,
): Promise<void> {
  const onReference = { device: 'reference' }
  const [compiledFn, compiledGradient] = [compile(fn, onReference), compile(gradient, onReference)]
  const value = async (): Promise<number> => {
    const y = compiledFn(inputs)
    const result = await y.item()
    y.dispose()
    return result
  }
  try {
    const analytic = compiledGradient(inputs)
    const floats = inputs.map((t, i) => ({ t, i })).filter(({ t }) => isFloat(t.dtype))
    for (const [k, { t, i }] of floats.entries()) {
      const wrong = await wrongDerivative(t, await analytic[k].data(), value, options)
      if (wrong) throw new Error(`${what}: ${options.names[i]} at ${wrong}`)
    }
    dispose(analytic)
  } finally {
    compiledFn.dispose()
    compiledGradient.dispose()
  }
}

/** A number with as many digits as tell right from wrong. */
const printNumber = (x: number): string => String(Number(x.toPrecision(9)))

/** Where a NaN or an infinity may come from, for messages. */
function whyNotFinite(analytic: number, numeric: number): string {
  if (!Number.isFinite(numeric)) return '; the function itself is not finite near there'
  if (Number.isFinite(analytic)) return ''
  return '; the function is finite: somewhere 0 meets an infinite factor (choose with where(condition, x, 0) instead of multiplying by a mask), or a derivative has a pole'
}

/** The first element of `t` whose derivative differs from differences of `value()`, as a text. Leaves `t` as it was. */
async function wrongDerivative(
  t: Tensor,
  derivatives: TypedArray,
  value: () => Promise<number>,
  { step, tolerance }: Differences,
): Promise<string | undefined> {
  const data = await t.data()
  for (let e = 0; e < data.length; e++) {
    const x = data[e]
    const valueAt = (shifted: number) => {
      data[e] = shifted
      t.assign(data)
      return value()
    }
    let numeric = Number.NaN
    const agrees = () => Math.abs(derivatives[e] - numeric) <= tolerance * Math.max(1, Math.abs(numeric))
    // Where the function bends sharply the difference is right only over shorter distances.
    for (let h = step; h >= step / 100 && !agrees(); h /= 10)
      numeric = ((await valueAt(x + h)) - (await valueAt(x - h))) / (2 * h)
    data[e] = x
    t.assign(data)
    if (!agrees())
      return `${printIndex(e, t)}: analytic derivative ${printNumber(derivatives[e])}, numeric ${printNumber(numeric)} (x = ${printNumber(x)}, tolerance ${tolerance})${whyNotFinite(derivatives[e], numeric)}`
  }
  return undefined
}
