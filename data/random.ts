/** What is drawn with a key of engine/hostRandom, beside single numbers: integers, permutations, and keys for names. */
import { bitsAt, foldKey, type Key } from '../engine/hostRandom.js'
import { crc32c } from './io/crc32c.js'

/** The integer from 0 to `n` - 1 (n up to 2^32) of a key, stream and index; uniform up to a bias of n / 2^32. */
export const integerAt = (key: Key, stream: number, index: number, n: number): number =>
  Math.floor(((bitsAt(key, stream, index) >>> 0) * n) / 2 ** 32)

/** The permutation of 0 … n - 1 that belongs to `key` (Fisher and Yates). */
export function permutation(key: Key, n: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i)
  for (let i = n - 1; i > 0; i--) {
    const j = integerAt(key, 0, i, i + 1)
    const swap = order[i]
    order[i] = order[j]
    order[j] = swap
  }
  return order
}

/** A key for a name, so that what is drawn for it does not depend on what else is drawn. */
export const keyOfName = (key: Key, name: string): Key =>
  foldKey(key, crc32c(new TextEncoder().encode(name)) | 0)
