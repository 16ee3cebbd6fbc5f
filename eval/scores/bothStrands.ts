import { reverseComplement } from '../../data/index.js'
import { derivedKind } from './kind.js'
import { oneOf, scoreNames } from './options.js'
import type { Score, StorableScore } from './score.js'
import { storedChoice } from './stored.js'

const joins = ['mean', 'max'] as const

/** The mean or the maximum of a score over a fragment and its reverse complement. */
export function overStrands(name: string, of: Score, join: (typeof joins)[number]): StorableScore {
  return {
    name,
    async score(fragments) {
      const [forward, backward] = await Promise.all([
        of.score(fragments),
        of.score(fragments.map(reverseComplement)),
      ])
      return forward.map((score, i) =>
        join === 'mean' ? (score + backward[i]) / 2 : Math.max(score, backward[i]),
      )
    },
    store: () => ({ kind: 'bothStrands', name, settings: { of: [of.name], join }, arrays: {} }),
  }
}

export const bothStrands = derivedKind({
  meaning: 'mean or maximum of a score over both strands',
  needsSamples: false,
  options: { of: scoreNames('one', 'the score'), join: oneOf(joins, 'mean or maximum') },
  fit: (name, { join }, [of]) => overStrands(name, of, join),
  load: (stored, [of]) => overStrands(stored.name, of, storedChoice(stored, 'join', joins)),
})
