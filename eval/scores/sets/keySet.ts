import type { StoredArray } from '../score.js'

/**
 * A set of keys of up to 63 bits, in two halves: the lower 32 bits in `low`, the others in `high`. Keys come in batches,
 * so that the loops over them are the sets' own.
 */
export type KeySet = {
  /** Adds the first `count` keys of a batch. */
  addAll(keys: KeyBatch, count: number): void
  /** How many of the first `count` keys of a batch are in the set. */
  countMembers(keys: KeyBatch, count: number): number
  /** The probability that a key which was never added counts as a member. */
  falsePositiveRate(): number
  /** The contents, from which a set of the same size is made again. */
  readonly arrays: Readonly<Record<string, StoredArray>>
}

/** Keys in a row: element i of both arrays is key i. */
export type KeyBatch = { readonly high: Uint32Array; readonly low: Uint32Array }

/** A batch with room for so many keys. */
export const keyBatch = (size: number): KeyBatch => ({
  high: new Uint32Array(size),
  low: new Uint32Array(size),
})

/**
 * Mixes the bits of a key to 32: both halves go through the finaliser of MurmurHash3 (`fmix32`, Appleby 2011), one after
 * the other. Another `seed` gives an independent mixture.
 */
export function hashKey(high: number, low: number, seed: number): number {
  let hash = low ^ seed
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  hash = hash ^ (hash >>> 16) ^ high
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
