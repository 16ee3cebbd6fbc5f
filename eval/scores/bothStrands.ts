import { reverseComplement } from '../../data/index.js'
import { tracksOf } from './genusEvidence.js'
import { derivedKind } from './kind.js'
import { oneOf, scoreNames } from './options.js'
import { rememberedByBatch } from './remembered.js'
import type { GenusEvidence, Score, StorableScore } from './score.js'
import { storedChoice } from './stored.js'

const joins = ['mean', 'max'] as const

/**
 * The mean or the maximum of a score over a fragment and its reverse complement. What each genus has to say is, with the
 * mean, that of both strands.
 */
export function overStrands(name: string, of: Score, join: (typeof joins)[number]): StorableScore {
  const reversed = rememberedByBatch(async fragments => fragments.map(reverseComplement))
  const { genusEvidence, leadTracks, summed, prepare, dispose } = of
  return {
    name,
    async score(fragments, onBases) {
      const [forward, backward] = await Promise.all([
        of.score(fragments, onBases),
        of.score(await reversed(fragments)),
      ])
      return forward.map((score, i) =>
        join === 'mean' ? (score + backward[i]) / 2 : Math.max(score, backward[i]),
      )
    },
    ...(leadTracks && join === 'mean' && { leadTracks }),
    ...(genusEvidence && join === 'mean' && evidenceOfBoth(meanEvidence(genusEvidence, reversed))),
    ...(summed && join === 'mean' && { summed: { ...summed, numbers: overBoth(summed.numbers, reversed) } }),
    ...(prepare && { prepare }),
    ...(dispose && { dispose }),
    store: () => ({ kind: 'bothStrands', name, settings: { of: [of.name], join }, arrays: {} }),
  }
}

/** What is made of the evidence of both strands. */
const evidenceOfBoth = (genusEvidence: GenusEvidence): Pick<Score, 'genusEvidence' | 'leadTracks'> => ({
  genusEvidence,
  ...tracksOf(genusEvidence),
})

/** The mean of what each genus has to say for a fragment and for its reverse complement. */
function meanEvidence(
  { genera, evidence, tracks }: GenusEvidence,
  reversed: (fragments: readonly Uint8Array[]) => Promise<readonly Uint8Array[]>,
): GenusEvidence {
  return { genera, evidence: overBoth(evidence, reversed), ...(tracks && { tracks }) }
}

/** The mean of the numbers of a fragment and of its reverse complement. */
function overBoth(
  numbers: GenusEvidence['evidence'],
  reversed: (fragments: readonly Uint8Array[]) => Promise<readonly Uint8Array[]>,
): GenusEvidence['evidence'] {
  return async (fragments, onBases) => {
    const forward = await numbers(fragments, onBases)
    const backward = await numbers(await reversed(fragments))
    return forward.map((ofFragment, i) => {
      const ofReverse = backward[i]
      return ofReverse && ofFragment?.map((number, k) => (number + ofReverse[k]) / 2)
    })
  }
}

export const bothStrands = derivedKind({
  meaning: 'mean or maximum of a score over both strands',
  fitsSamples: 'none',
  options: { of: scoreNames('one', 'the score'), join: oneOf(joins, 'mean or maximum') },
  fit: (name, { join }, [of]) => overStrands(name, of, join),
  load: (stored, [of]) => overStrands(stored.name, of, storedChoice(stored, 'join', joins)),
})
