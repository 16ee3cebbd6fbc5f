import { bitsAt, type Key } from '../engine/hostRandom.js'

/** An integer from 0 to `n` - 1 (n up to 2^32), uniform up to a bias of n / 2^32. */
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
