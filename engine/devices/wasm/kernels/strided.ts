import type { FunctionBuilder } from '../assembly/assembler.js'
import { type Local, type Usize, usize, type V128, v128 } from '../assembly/instructions.js'
import type { Target } from '../assembly/target.js'

/** Loops over strided memory. Elements are four bytes; strides count elements. */

/**
 * Emit `body` in nested loops over `shape`, the last axis innermost. Pointer i moves along by `strides[i]`, and ends
 * `shape[0] * strides[i][0]` elements further. `d`: the axis of the outermost loop still to emit.
 */
export function forEachIndex(
  f: FunctionBuilder,
  shape: readonly number[],
  pointers: readonly Local<'usize'>[],
  strides: readonly (readonly number[])[],
  body: () => void,
  d = 0,
): void {
  if (d === shape.length) {
    body()
    return
  }
  f.repeat(shape[d], () => {
    forEachIndex(f, shape, pointers, strides, body, d + 1)
    pointers.forEach((pointer, i) => {
      const walked = d + 1 < shape.length ? strides[i][d + 1] * shape[d + 1] : 0
      f.advance(pointer, 4 * (strides[i][d] - walked))
    })
  })
}

/** `pointer + index * stride`: where an axis is after `index / 4` elements. `index` is in bytes, to save a multiplication. */
export const along = (pointer: Usize, index: Usize, stride: number): Usize =>
  stride === 0 ? pointer : usize.add(pointer, usize.times(index, stride))

/**
 * Emit `body` for groups of neighbouring vectors along a row of `length` elements: each begins at element `start`, `index`
 * bytes further on, and has as many elements in its vectors as `lanes` says.
 */
export function forEachVectors(
  f: FunctionBuilder,
  { wide }: Target,
  length: number,
  body: (index: Usize, start: number, lanes: readonly number[]) => void,
): void {
  // V8 makes one wide vector of two neighbours (vectors.ts).
  const full = wide ? [4, 4] : [4]
  const size = 4 * full.length
  const groups = Math.floor(length / size)
  f.range(groups, 4 * size, index => body(index, 0, full))
  for (let start = groups * size; start < length; start += 4)
    body(usize.const(0), start, [Math.min(4, length - start)])
}

/** `count` (1 to 4) lanes from `base + offset` bytes, `stride` elements apart; the lanes beyond are arbitrary. */
export function loadLanes(
  f: FunctionBuilder,
  base: Usize,
  offset: number,
  stride: number,
  count: number,
): V128 {
  if (stride === 0) return v128.load32_splat(base, offset)
  if (stride === 1 && count === 4) return v128.load(base, offset)
  const start = f.local(base)
  const pair = stride === 1 && count > 1
  let lanes = pair ? v128.load64_zero(start, offset) : v128.load32_zero(start, offset)
  for (let lane = pair ? 2 : 1; lane < count; lane++)
    lanes = v128.load32_lane(lanes, lane, start, offset + 4 * stride * lane)
  return lanes
}

/** Store the first `count` (1 to 4) lanes from `base + offset` bytes on, `stride` elements apart. */
export function storeLanes(
  f: FunctionBuilder,
  base: Usize,
  offset: number,
  stride: number,
  count: number,
  vector: V128,
): void {
  if (stride === 1 && count === 4) {
    f.do(v128.store(base, offset, vector))
    return
  }
  const start = f.local(base)
  const lanes = f.local(vector)
  const pair = stride === 1 && count > 1
  if (pair) f.do(v128.store64_lane(start, offset, lanes, 0))
  for (let lane = pair ? 2 : 0; lane < count; lane++)
    f.do(v128.store32_lane(start, offset + 4 * stride * lane, lanes, lane))
}
