import type { FunctionBuilder } from '../assembly/assembler.js'
import { type Local, type Usize, usize, type V128, v128 } from '../assembly/instructions.js'

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
