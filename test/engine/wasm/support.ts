import fc from 'fast-check'
import type { Device } from '../../../engine/device.js'
import { type DType, dtypeOf, hostArray, hostView, type TypedArray } from '../../../engine/dtype.js'
import type { Kernel, View } from '../../../engine/kernel.js'

/** Run `kernel` on a device with copies of `args`; returns the contents of every argument afterwards. */
export async function runOn(
  device: Device,
  kernel: Kernel,
  args: readonly TypedArray[],
): Promise<TypedArray[]> {
  const buffers = args.map(array => {
    const buffer = device.alloc(array.byteLength)
    device.write(buffer, array)
    return buffer
  })
  const program = device.compile(kernel)
  if (!program) throw new Error('the device declined the kernel')
  device.run(program, buffers)
  const contents: TypedArray[] = []
  for (const [i, buffer] of buffers.entries())
    contents.push(hostView(dtypeOf(args[i])!, await device.read(buffer)))
  for (const buffer of buffers) device.free(buffer)
  return contents
}

/** A view of `shape` into the least buffer that holds it. */
export type Strided = { readonly view: View; readonly length: number }

/**
 * Views of a shape: axes in any order in memory, with gaps, flipped, and (unless `distinct`) broadcast.
 */
export const arbitraryView = (shape: readonly number[], distinct = false): fc.Arbitrary<Strided> =>
  fc
    .record({
      order: fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
      plain: fc.boolean(),
      gaps: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: shape.length, maxLength: shape.length }),
      kinds: fc.array(fc.constantFrom('plain', 'plain', 'flip', distinct ? 'plain' : 'zero'), {
        minLength: shape.length,
        maxLength: shape.length,
      }),
      offset: fc.integer({ min: 0, max: 5 }),
    })
    .map(({ order, plain, gaps, kinds, offset }) => {
      const strides = shape.map(() => 0)
      let step = 1
      let start = offset
      for (const d of plain ? [...shape.keys()].reverse() : order) {
        if (!plain && kinds[d] === 'zero') continue
        strides[d] = plain || kinds[d] === 'plain' ? step : -step
        if (strides[d] < 0) start += Math.max(0, shape[d] - 1) * step
        step *= Math.max(1, shape[d]) + (plain ? 0 : gaps[d] && gaps[d] - 1)
      }
      return { view: { offset: start, strides }, length: offset + step }
    })

/** Shapes of rank 0 to `rank`; some have an axis of size 0. */
export const arbitraryShape = (rank: number): fc.Arbitrary<number[]> =>
  fc.array(fc.oneof({ weight: 30, arbitrary: fc.integer({ min: 1, max: 9 }) }, fc.constantFrom(0, 17, 70)), {
    maxLength: rank,
  })

/** Reproducible values: floats of about one, small integers. */
export function values(dtype: DType, length: number, seed: number): TypedArray {
  const array = hostArray(dtype, length)
  let state = seed | 0
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    array[i] = dtype === 'int32' ? state >> 28 : state / 2 ** 30
  }
  return array
}

/** The largest difference, relative to `scale`; NaN and infinities must agree exactly. */
export function difference(got: TypedArray, want: TypedArray, scale = 1): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY
  let worst = 0
  for (let i = 0; i < got.length; i++) {
    if (Object.is(got[i], want[i]) || got[i] === want[i]) continue
    const d = Math.abs(got[i] - want[i]) / scale
    worst = Math.max(worst, Number.isNaN(d) ? Number.POSITIVE_INFINITY : d)
  }
  return worst
}
