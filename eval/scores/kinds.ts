import { aminoKmers } from './aminoKmers.js'
import { bothStrands } from './bothStrands.js'
import { compression } from './compression.js'
import { gcRegressed } from './gcRegressed.js'
import { genusLeads } from './genusLeads.js'
import { genusOdds } from './genusOdds.js'
import type { ScoreKind } from './kind.js'
import { kmers } from './kmers.js'
import { markov, markovRatio } from './markov.js'
import { mlr } from './mlr.js'
import { pooledOdds } from './pooledOdds.js'
import { remembered } from './remembered.js'
import type { Score, StorableScore, StoredScore } from './score.js'
import { weightedSum } from './weightedSum.js'

/** The kinds of scores, by the names that specs and files give them. */
export const scoreKinds: Readonly<Record<string, ScoreKind>> = {
  markov,
  markovRatio,
  mlr,
  genusOdds,
  genusLeads,
  kmers,
  aminoKmers,
  bothStrands,
  gcRegressed,
  compression,
  pooledOdds,
  weightedSum,
}

/** The kind of that name. @throws RangeError when there is none. */
export function findKind(kind: string): ScoreKind {
  if (Object.hasOwn(scoreKinds, kind)) return scoreKinds[kind]
  throw new RangeError(`no score of the kind '${kind}'; there are ${Object.keys(scoreKinds).join(', ')}`)
}

/**
 * The scores that a file holds, in its order. `others`: scores that do not come from it but that some of its scores are
 * computed from, such as networks' likelihoods.
 * @throws RangeError for an unknown kind, contents that are not those of such a score, or a name that comes twice.
 */
export function loadScores(stored: readonly StoredScore[], others: readonly Score[] = []): StorableScore[] {
  const byName = new Map<string, Score>(others.map(score => [score.name, score]))
  return stored.map(contents => addScore(byName, findKind(contents.kind).load(contents, byName)))
}

/** Adds a score to those that others may be computed from; it is then remembered. @throws RangeError for a name that is taken. */
export function addScore(scores: Map<string, Score>, score: StorableScore): StorableScore {
  if (scores.has(score.name))
    throw new RangeError(`two scores are called ${score.name}; give one another name (name=…)`)
  const shared = remembered(score)
  scores.set(score.name, shared)
  return shared
}
