import { type EvidentScore, leadOfGenera } from './genusEvidence.js'
import { derivedKind } from './kind.js'
import { numbersFromZero, scoreNames } from './options.js'
import type { GenusEvidence, GenusPair, Score, StorableScore } from './score.js'
import { storedNumbers } from './stored.js'

/**
 * The lead of the likeliest genus over the runner-up, where what several scores have to say for a genus is summed with
 * weights: a logarithmic pool of opinions (Genest & Zidek 1986, Statistical Science 1, 114, section 3).
 * `weights`: one for each score, or none for 1 each.
 * @throws RangeError for another number of weights, and for scores that do not judge the same genera.
 */
export function pooledOddsScore(
  name: string,
  of: readonly Score[],
  weights: readonly number[] = [],
): StorableScore & EvidentScore {
  if (weights.length > 0 && weights.length !== of.length)
    throw new RangeError(`${name}: ${weights.length} weights for ${of.length} scores; give one for each`)
  const judges = of.map(score => evidenceOf(name, score))
  const [{ genera }] = judges
  const places = judges.map((judge, i) =>
    placesIn(judge.genera, genera, `${name}: ${of[i].name} and ${of[0].name}`),
  )
  async function evidence(fragments: readonly Uint8Array[]): Promise<(Float64Array | undefined)[]> {
    const opinions = await Promise.all(judges.map(judge => judge.evidence(fragments)))
    return fragments.map((_, fragment) => {
      const sums = new Float64Array(genera.length)
      for (const [judge, ofFragments] of opinions.entries()) {
        const opinion = ofFragments[fragment]
        if (!opinion) return undefined
        const weight = weights[judge] ?? 1
        for (let genus = 0; genus < sums.length; genus++)
          sums[genus] += weight * opinion[places[judge][genus]]
      }
      return sums
    })
  }
  async function tracks(
    fragments: readonly Uint8Array[],
    pairs: readonly GenusPair[],
  ): Promise<Float32Array[]> {
    const opinions = await Promise.all(
      judges.map(({ tracks }, judge) => {
        const placeOf = places[judge]
        return tracks!(
          fragments,
          pairs.map(([genus, other]) => [placeOf[genus], placeOf[other]]),
        )
      }),
    )
    return fragments.map((_, fragment) => {
      // A base of which a judge says nothing is left to the others.
      const [first, ...others] = opinions.map((opinion, judge) =>
        opinion[fragment].map(value => (weights[judge] ?? 1) * value),
      )
      for (const other of others)
        for (const [i, value] of other.entries())
          if (Number.isNaN(first[i])) first[i] = value
          else if (!Number.isNaN(value)) first[i] += value
      return first
    })
  }
  return {
    ...leadOfGenera(name, {
      genera,
      evidence,
      ...(judges.every(judge => judge.tracks) && { tracks }),
    }),
    store: () => ({
      kind: 'pooledOdds',
      name,
      settings: { of: of.map(score => score.name), weights },
      arrays: {},
    }),
  }
}

/** @throws RangeError when a score says nothing of single genera. */
function evidenceOf(pool: string, { name, genusEvidence }: Score): GenusEvidence {
  if (genusEvidence) return genusEvidence
  throw new RangeError(
    `${pool}: ${name} says nothing of single genera; pool scores that do, such as odds and genusOdds`,
  )
}

/** Where each genus of `wanted` stands in `genera`. @throws RangeError when they are not the same genera. */
function placesIn(genera: readonly string[], wanted: readonly string[], who: string): number[] {
  const odd = [
    ...genera.filter(name => !wanted.includes(name)),
    ...wanted.filter(name => !genera.includes(name)),
  ]
  if (odd.length > 0)
    throw new RangeError(
      `${who} do not judge the same genera: only one of them knows ${odd.join(', ')}; make both from the same genera`,
    )
  return wanted.map(name => genera.indexOf(name))
}

export const pooledOdds = derivedKind({
  meaning: 'log odds of the likeliest genus against the second, by the summed evidence of several scores',
  fitsSamples: 'none',
  options: {
    of: scoreNames('several', 'scores that judge genera, such as odds (of networks) and genusOdds'),
    weights: numbersFromZero('weight of each score; without them 1 each'),
  },
  fit: (name, { weights }, of) => pooledOddsScore(name, of, weights),
  load: (stored, of) => pooledOddsScore(stored.name, of, storedNumbers(stored, 'weights')),
})
