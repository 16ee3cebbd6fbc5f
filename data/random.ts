import { bitsAt, foldKey, type Key, keyFromSeed } from '../engine/index.js'

/**
 * What the data side draws from a run's seed; 1 and 2 are the model's initialisation and dropout. The numbers are part
 * of what makes a run repeatable: a new purpose takes a new number.
 */
export const purposes = { order: 3, mutation: 4, genomes: 5, fragments: 6, synthetic: 7 } as const

/** The key of one purpose. */
export const purposeKey = (seed: number, purpose: keyof typeof purposes): Key =>
  foldKey(keyFromSeed(seed), purposes[purpose])

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
