import { readdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { isFloat, type TypedArray } from '../../engine/dtype.js'
import {
  bitsAt,
  keyFromSeed,
  registeredOps,
  type Sample,
  type Tensor,
  tensor,
  uniformAt,
} from '../../engine/index.js'
import { drawWith } from '../../engine/testing/index.js'

// A user's operation is defined where a cell uses it: with all cells loaded, all operations are registered.
const cells = fileURLToPath(new URL('../../model/cells/', import.meta.url))
for (const file of readdirSync(cells))
  if (file.endsWith('.js')) await import(pathToFileURL(cells + file).href)

/** Operations that say how to be tested, by name. */
export const sampledOps = registeredOps().filter(op => op.sample)

/** One random use of an operation with values for its inputs, as the generated tests draw it. */
export type DrawnCase = {
  readonly sample: Sample
  readonly values: readonly TypedArray[]
  readonly disguises: readonly number[]
}

/** Random values of an input in its range; integers for int32. */
function drawValues(
  { shape, dtype = 'float64', min = -2, max = 2 }: Sample['inputs'][number],
  seed: number,
): TypedArray {
  const key = keyFromSeed(seed)
  const size = shape.reduce((a, b) => a * b, 1)
  if (isFloat(dtype))
    return Float64Array.from({ length: size }, (_, i) => min + (max - min) * uniformAt(key, 0, i))
  const span = max - min + 1
  return Int32Array.from({ length: size }, (_, i) => min + ((bitsAt(key, 0, i) >>> 0) % span))
}

/** An arbitrary that draws uses of one operation and shrinks them. */
export const casesOf = (op: (typeof sampledOps)[number]): fc.Arbitrary<DrawnCase> =>
  fc.gen().map(gen => {
    const sample = op.sample!(drawWith(fc, gen))
    const seeds = sample.inputs.map(() => gen(fc.nat))
    const disguises = sample.inputs.map(() => gen(fc.integer, { min: 0, max: 4 }))
    return { sample, values: sample.inputs.map((input, i) => drawValues(input, seeds[i])), disguises }
  })

/** The same value behind strides: stored larger, turned or backwards, and brought back by views. */
function disguise(t: Tensor, how: number): Tensor {
  if (t.rank === 0) return t
  if (how === 1) return materialised(t.flip(0)).flip(0)
  if (how === 2 && t.rank > 1) return materialised(t.transpose()).transpose()
  if (how === 3)
    return materialised(t.unsqueeze(-1).expand(...t.shape, 2))
      .slice(-1, 1)
      .squeeze(-1)
  if (how === 4)
    return materialised(t.unsqueeze(0))
      .expand(2, ...t.shape)
      .slice(0, 1)
      .squeeze(0)
  return t
}

/** Kept as it is by an operation that does nothing, so that views of it are views of memory. */
const materialised = (t: Tensor): Tensor => (isFloat(t.dtype) ? t.mul(0.5).mul(2) : t.add(1).add(-1))

/** The result of a use with inputs of a float dtype, behind the views that were drawn. */
export function applyCase({ sample, disguises }: DrawnCase, inputs: readonly Tensor[]): Tensor {
  return sample.apply(...inputs.map((t, i) => disguise(t, disguises[i])))
}

/** The inputs of a use as tensors. */
export const inputsOf = ({ sample, values }: DrawnCase, dtype: 'float32' | 'float64'): Tensor[] =>
  values.map((array, i) =>
    tensor(array, { shape: sample.inputs[i].shape, dtype: array instanceof Int32Array ? 'int32' : dtype }),
  )

/** Whether no point of a use is at a kink. Points are compared element by element where shapes broadcast as one. */
export function isSmooth({ sample, values }: DrawnCase): boolean {
  const { smooth } = sample
  if (!smooth) return true
  // Inputs that broadcast meet in many pairs: all of them are asked for.
  const pairs = (i: number, chosen: number[]): boolean =>
    i === values.length ? smooth(...chosen) : [...values[i]].every(x => pairs(i + 1, [...chosen, x]))
  return pairs(0, [])
}
