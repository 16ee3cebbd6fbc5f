import { sequenceKind } from './kind.js'
import { KmerKeys, maxK } from './kmerKeys.js'
import { wholeNumber } from './options.js'
import type { StorableScore } from './score.js'
import { type KeySet, loadSet, makeSet, type SetSettings, setOptions } from './sets/index.js'
import { storedWhole } from './stored.js'

/** The share of a fragment's k-mers without unknown bases that are members; NaN where it has none. */
function kmerShare(name: string, k: number, settings: SetSettings, members: KeySet): StorableScore {
  const keys = new KmerKeys(k)
  const share = (fragment: Uint8Array): number => {
    let known = 0
    let total = 0
    keys.forEachBatch(fragment, (batch, count) => {
      known += members.countMembers(batch, count)
      total += count
    })
    return known / total
  }
  return {
    name,
    score: async fragments => Float64Array.from(fragments, share),
    store: () => ({
      kind: 'kmers',
      name,
      settings: { k, ...settings, falsePositiveRate: members.falsePositiveRate() },
      arrays: members.arrays,
    }),
  }
}

/** The share of a fragment's k-mers that occur in the genomes, on either strand. */
export const kmers = sequenceKind({
  meaning: "share of a fragment's k-mers of bases that occur in the genomes, on either strand",
  options: { k: wholeNumber(15, { least: 1, most: maxK, meaning: 'bases' }), ...setOptions },
  startFit(name, { k, ...settings }) {
    const keys = new KmerKeys(k)
    const members = makeSet(settings, 4 ** k)
    return {
      add: ({ bases }) => keys.forEachBatch(bases, (batch, count) => members.addAll(batch, count)),
      finish: () => kmerShare(name, k, settings, members),
    }
  },
  load(stored) {
    const k = storedWhole(stored, 'k')
    const { settings, members } = loadSet(stored, 4 ** k)
    return kmerShare(stored.name, k, settings, members)
  },
})
