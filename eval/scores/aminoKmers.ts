import { AminoKeys, aminoK } from './aminoKeys.js'
import { sequenceKind } from './kind.js'
import { oneOf, wholeNumber } from './options.js'
import type { StorableScore } from './score.js'
import { type KeySet, loadSet, makeSet, type SetSettings, setOptions } from './sets/index.js'
import { storedChoice, storedNumber } from './stored.js'
import { aminoAcids } from './translate.js'

/** Which frames count: the one with the greatest share, or all of them together. */
const framesChoices = ['best', 'sum'] as const

type Settings = SetSettings & { readonly frames: (typeof framesChoices)[number] }

/**
 * The share of a fragment's k-mers of amino acids that are members, of the best of six frames or of all of them; what
 * has a stop codon in it is none. NaN where there are no k codons without unknown bases in a row.
 */
function aminoKmerShare(name: string, k: number, settings: Settings, members: KeySet): StorableScore {
  const keys = new AminoKeys(k)
  const share = (fragment: Uint8Array): number => {
    let best = Number.NaN
    let known = 0
    let allKnown = 0
    let allWindows = 0
    keys.forEachFrame(fragment, {
      batch(batch, count) {
        known += members.countMembers(batch, count)
      },
      endOfFrame(windows) {
        if (windows > 0 && !(best >= known / windows)) best = known / windows
        allKnown += known
        allWindows += windows
        known = 0
      },
    })
    return settings.frames === 'best' ? best : allKnown / allWindows
  }
  return {
    name,
    score: async fragments => Float64Array.from(fragments, share),
    store: () => ({
      kind: 'aminoKmers',
      name,
      settings: { k, ...settings, falsePositiveRate: members.falsePositiveRate() },
      arrays: members.arrays,
    }),
  }
}

/** The share of a fragment's k-mers of amino acids that occur in any frame of the genomes. */
export const aminoKmers = sequenceKind({
  meaning:
    "share of a fragment's k-mers of amino acids, in six frames, that occur in any frame of the genomes",
  options: {
    k: wholeNumber(7, { ...aminoK, meaning: 'amino acids' }),
    frames: oneOf(
      framesChoices,
      'share in the best frame, or in all together (better for fragments that are longer than a gene)',
    ),
    ...setOptions,
  },
  startFit(name, { k, ...settings }) {
    const keys = new AminoKeys(k)
    const members = makeSet(settings, aminoAcids ** k)
    return {
      add: ({ bases }) => keys.forEachFrame(bases, { batch: (batch, count) => members.addAll(batch, count) }),
      finish: () => aminoKmerShare(name, k, settings, members),
    }
  },
  load(stored) {
    const k = storedNumber(stored, 'k')
    const { settings, members } = loadSet(stored, aminoAcids ** k)
    return aminoKmerShare(
      stored.name,
      k,
      { ...settings, frames: storedChoice(stored, 'frames', framesChoices) },
      members,
    )
  },
})
