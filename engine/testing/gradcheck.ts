import { compile } from '../compile.js'
import { gradients } from '../gradient.js'
import type { Tensor } from '../graph/tensor.js'
import { isFloat, type TypedArray } from '../kernel/dtype.js'
import { contiguousStrides, printShape } from '../kernel/shape.js'
import { uniformAt } from '../kernel/threefry.js'
import { tensor } from '../ops/index.js'
import { dispose } from '../scope.js'

export type GradcheckOptions = {
  /** Half the distance of the central difference (default 1e-5); a tenth and a hundredth of it are tried, too. */
  readonly step?: number
  /** Largest difference of the derivatives, relative to 1 or to their size if that is larger (default 1e-6). */
  readonly tolerance?: number
  /** Check second derivatives, too (default false). */
  readonly second?: boolean
}

/** Fixed weights in [0.5, 1.5) that turn a tensor into a scalar which no symmetry makes vanish. */
const weighted = (y: Tensor, stream: number): Tensor => {
  const weights = Float64Array.from({ length: y.size }, (_, i) => 0.5 + uniformAt([1, 2], stream, i))
  return y.mul(tensor(weights, { shape: y.shape })).sum()
}

/** Where element `i` of a shape is, as `[0,2]`. */
const place = (i: number, { shape }: Tensor): string =>
  printShape(contiguousStrides(shape).map((stride, d) => Math.floor(i / stride) % shape[d]))

/**
 * Compare the analytic gradients of a function with central differences, in float64 on the reference device.
 * `fn`: tensors to a tensor of any shape (it is reduced with fixed weights). `inputs`: tensors; floats are converted to
 * float64 and checked, int32 are passed on.
 *
 * @throws Error that names the input, its element, the analytic and the numeric derivative.
 */
export async function gradcheck(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  { step = 1e-5, tolerance = 1e-6, second = false }: GradcheckOptions = {},
): Promise<void> {
  const values = await Promise.all(inputs.map(t => t.data()))
  const own = inputs.map((t, i) =>
    tensor(isFloat(t.dtype) ? Float64Array.from(values[i]) : values[i], { shape: t.shape }),
  )
  const scalar = (xs: readonly Tensor[]) => weighted(fn(...xs), 0)
  const floats = (xs: readonly Tensor[]) => xs.filter(t => isFloat(t.dtype))
  const slope = (xs: readonly Tensor[]) => gradients(scalar(xs), floats(xs))
  const first = (xs: readonly Tensor[]) =>
    slope(xs)
      .map((g, i) => weighted(g, i + 1))
      .reduce((a, b) => a.add(b))
  const curvature = (xs: readonly Tensor[]) => gradients(first(xs), floats(xs))
  const by = { step, tolerance }
  try {
    await compareWithDifferences(scalar, slope, own, by, 'gradcheck')
    if (second) await compareWithDifferences(first, curvature, own, by, 'gradcheck of the gradients')
  } finally {
    dispose(own)
  }
}

async function compareWithDifferences(
  scalar: (xs: readonly Tensor[]) => Tensor,
  slope: (xs: readonly Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
  { step, tolerance }: Required<Omit<GradcheckOptions, 'second'>>,
  what: string,
): Promise<void> {
  const on = { device: 'reference' }
  const value = compile((xs: readonly Tensor[]) => scalar(xs), on)
  const analytic = compile((xs: readonly Tensor[]) => slope(xs), on)
  const at = async (): Promise<number> => {
    const y = value(inputs)
    const number = await y.item()
    y.dispose()
    return number
  }
  try {
    const found = analytic(inputs)
    const floats = inputs.map((t, i) => ({ t, i })).filter(({ t }) => isFloat(t.dtype))
    for (const [k, { t, i }] of floats.entries()) {
      const derivatives = await found[k].data()
      const data: TypedArray = await t.data()
      for (let e = 0; e < data.length; e++) {
        const x = data[e]
        const shifted = async (by: number) => {
          data[e] = x + by
          t.assign(data)
          return at()
        }
        // Where the function bends sharply the difference is right only over shorter distances.
        let numeric = Number.NaN
        const agrees = () => Math.abs(derivatives[e] - numeric) <= tolerance * Math.max(1, Math.abs(numeric))
        for (let h = step; h >= step / 100 && !agrees(); h /= 10)
          numeric = ((await shifted(h)) - (await shifted(-h))) / (2 * h)
        data[e] = x
        t.assign(data)
        if (!agrees())
          throw new Error(
            `${what}: input ${i} at ${place(e, t)}: analytic derivative ${derivatives[e]}, numeric ${numeric} (x = ${x}, tolerance ${tolerance})`,
          )
      }
    }
    dispose(found)
  } finally {
    value.dispose()
    analytic.dispose()
  }
}
