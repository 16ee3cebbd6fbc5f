import { AminoKeys, aminoK } from './aminoKeys.js'
import { sequenceKind } from './kind.js'
import { oneOf, wholeNumber } from './options.js'
import type { StorableScore } from './score.js'
import { type KeySet, loadSet, makeSet, type SetSettings, setOptions } from './sets/index.js'
import { storedChoice, storedWhole } from './stored.js'
import { aminoAcids } from './translate.js'

/** Which frames count: the one with the greatest share, or all of them together. */
const framesChoices = ['best', 'sum'] as const

/** Whether k codons with a stop codon among them count as a k-mer that is not known, or not at all. */
const stopsChoices = ['skip', 'count'] as const

type Settings = SetSettings & {
  readonly frames: (typeof framesChoices)[number]
  readonly stops: (typeof stopsChoices)[number]
}

/**
 * The share of a fragment's k-mers of amino acids that are members, of the best of six frames or of all of them. NaN where
 * no frame has a k-mer.
 */
function aminoKmerShare(name: string, k: number, settings: Settings, members: KeySet): StorableScore {
  const keys = new AminoKeys(k)
  const share = (fragment: Uint8Array): number => {
    let best = Number.NaN
    let known = 0
    let allKnown = 0
    let allTotal = 0
    keys.forEachFrame(fragment, {
      batch(batch, count) {
        known += members.countMembers(batch, count)
      },
      endOfFrame(coding, windows) {
        const total = settings.stops === 'skip' ? coding : windows
        if (total > 0 && !(best >= known / total)) best = known / total
        allKnown += known
        allTotal += total
        known = 0
      },
    })
    return settings.frames === 'best' ? best : allKnown / allTotal
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
    stops: oneOf(stopsChoices, 'skip what has a stop codon, or count it as not known'),
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
    const k = storedWhole(stored, 'k')
    const { settings, members } = loadSet(stored, aminoAcids ** k)
    return aminoKmerShare(
      stored.name,
      k,
      {
        ...settings,
        frames: storedChoice(stored, 'frames', framesChoices),
        stops: storedChoice(stored, 'stops', stopsChoices),
      },
      members,
    )
  },
})
