/**
 * Counter-based random numbers: a value is a pure function of (key, stream, index), so masks, mutations and shuffles
 * are the same on every device and for every number of threads, and a resumed run continues bit for bit.
 *
 * Threefry-2x32 with 20 rounds: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011,
 * section 3.3 (rotation constants: table 2).
 */
export type Key = readonly [number, number]

/** Bits to rotate by in four rounds, then in the four after them. */
export const threefryRotations = [13, 15, 26, 6, 17, 29, 16, 24] as const
/** The parity constant of the key schedule (Skein 1.3, as section 3.3 takes it over, in 32 bits). */
export const threefryParity = 0x1bd11bda

/** The two output words (as int32) of the counter `(c0, c1)` under `key`. */
export function threefry2x32(key: Key, c0: number, c1: number): [number, number] {
  const words = new Int32Array(2)
  threefryInto(key, c0, c1, words, 0, 1)
  return [words[0], words[1]]
}

const [a, b, c, d, e, f, g, h] = threefryRotations
const rotate = (x: number, r: number): number => (x << r) | (x >>> (32 - r))

/** The same, written to elements `first` and `second` of an array. */
function threefryInto(
  key: Key,
  c0: number,
  c1: number,
  out: Int32Array,
  first: number,
  second: number,
): void {
  let k0 = key[0] | 0
  let k1 = key[1] | 0
  let k2 = k0 ^ k1 ^ threefryParity
  let x0 = (c0 + k0) | 0
  let x1 = (c1 + k1) | 0
  for (let i = 1; i <= 5; i++) {
    const odd = i & 1
    x0 = (x0 + x1) | 0
    x1 = rotate(x1, odd ? a : e) ^ x0
    x0 = (x0 + x1) | 0
    x1 = rotate(x1, odd ? b : f) ^ x0
    x0 = (x0 + x1) | 0
    x1 = rotate(x1, odd ? c : g) ^ x0
    x0 = (x0 + x1) | 0
    x1 = rotate(x1, odd ? d : h) ^ x0
    const k = k0
    k0 = k1
    k1 = k2
    k2 = k
    x0 = (x0 + k0) | 0
    x1 = (x1 + k1 + i) | 0
  }
  out[first] = x0
  out[second] = x1
}

/** A key from a seed. @throws RangeError unless it is an integer up to 2^53. */
export function keyFromSeed(seed: number): Key {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed: got ${seed}, give an integer up to 2^53`)
  return [seed | 0, Math.floor(seed / 2 ** 32) | 0]
}

/**
 * The int32 at `index` of a stream: element `index` of what the `randomBits` kernel fills a buffer with.
 *
 * Indices go in blocks of eight: four counters, first their first output words, then their second ones. That is the
 * order in which four SIMD lanes produce them.
 */
export function bitsAt(key: Key, stream: number, index: number): number {
  const counter = Math.floor(index / 8) * 4 + (index & 3)
  return threefry2x32(key, counter, stream)[(index >>> 2) & 1]
}

/** Fill `out` with a stream's elements from 0 on: `bitsAt` of each, many times faster. */
export function randomBitsOf(key: Key, stream: number, out: Int32Array): void {
  // What lies beyond the end of a typed array is not written.
  for (let block = 0; block < out.length; block += 8)
    for (let lane = block; lane < block + 4; lane++)
      threefryInto(key, lane - block / 2, stream, out, lane, lane + 4)
}

/** Uniform in [0, 1) with 24 random bits, from an int32 of random bits. */
export const uniformFromBits = (bits: number): number => (bits >>> 8) * 2 ** -24

/**
 * Uniform in [0, 1) at `index` of a stream.
 * @example
 * ```ts
 * import { keyFromSeed, uniformAt } from 'xenograd/random'
 *
 * const key = keyFromSeed(1)
 * console.log(uniformAt(key, 0, 7) === uniformAt(key, 0, 7)) // true
 * ```
 */
export const uniformAt = (key: Key, stream: number, index: number): number =>
  uniformFromBits(bitsAt(key, stream, index))

/** An independent key derived from `key` and an integer (epoch, layer, step …). */
export function foldKey(key: Key, n: number): Key {
  // The top bit is flipped, so that what is folded and what is drawn (streams from 0 on) never have a stream in common.
  const stream = (n ^ 0x80000000) | 0
  return [bitsAt(key, stream, 0), bitsAt(key, stream, 1)]
}
