/**
 * Sets of k-mers, as keys (`keySet`): exact ones with a bit for every possible key (`bitSet`) or a hash table (`hashSet`),
 * and a sketch (`bloomFilter`).
 */

import { oneOf, wholeNumber } from '../options.js'
import type { StoredScore } from '../score.js'
import { storedArray, storedChoice, storedWhole } from '../stored.js'
import { BitSet, maxBits } from './bitSet.js'
import { BloomFilter } from './bloomFilter.js'
import { HashSet } from './hashSet.js'
import type { KeySet } from './keySet.js'

export { type KeyBatch, type KeySet, keyBatch } from './keySet.js'

const setKinds = ['exact', 'bloom'] as const

/** The options of scores that keep a set. */
export const setOptions = {
  set: oneOf(setKinds, 'exact, or a Bloom filter, which takes some foreign k-mers for known ones'),
  logBits: wholeNumber(30, { least: 3, most: 32, meaning: 'a Bloom filter has 2^logBits bits' }),
}

/** How the keys of a score are kept. */
export type SetSettings = { readonly set: 'exact' | 'bloom'; readonly logBits: number }

/** An empty set for keys from 0 to `keys` - 1. @throws RangeError as the sets do. */
export function makeSet({ set, logBits }: SetSettings, keys: number): KeySet {
  if (set === 'bloom') return new BloomFilter(logBits)
  return keys <= maxBits ? new BitSet(keys) : new HashSet()
}

/** The set that a score has stored, for keys from 0 to `keys` - 1. @throws RangeError when it is none, or of another size. */
export function loadSet(stored: StoredScore, keys: number): { settings: SetSettings; members: KeySet } {
  const settings = {
    set: storedChoice(stored, 'set', setKinds),
    logBits: storedWhole(stored, 'logBits'),
  }
  if (settings.set === 'bloom')
    return { settings, members: new BloomFilter(settings.logBits, storedArray(stored, 'bits', 'uint8')) }
  if (keys <= maxBits) return { settings, members: new BitSet(keys, storedArray(stored, 'bits', 'uint8')) }
  const [high, low] = (['high', 'low'] as const).map(half => storedArray(stored, half, 'uint32'))
  return { settings, members: new HashSet({ high, low }) }
}
