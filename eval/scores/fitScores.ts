import { type GenusSequence, gcFraction } from '../../data/index.js'
import type { Fitting, LabelledScores } from './kind.js'
import { addScore } from './kinds.js'
import type { Score, StorableScore } from './score.js'
import { checkSpecs, type ScoreSpec } from './spec.js'

/** Fragments that are known to be in-distribution (label 1) or not (0). */
export type LabelledFragments = {
  /** Bases of each, or 0 if they differ: sums have weights for each length. */
  readonly length: number
  readonly fragments: readonly Uint8Array[]
  readonly labels: Uint8Array
}

/**
 * Fits scores: those of sequences all in one pass over `sequences`, then, in their order, those that are computed from
 * others before them or from `others`, on `samples` where they have something to fit. Memory: what the scores keep, and one sequence.
 * @throws RangeError as `checkSpecs`, and where there is nothing to fit on; what the sequences throw.
 */
export async function fitScores(
  specs: readonly ScoreSpec[],
  sequences: AsyncIterable<GenusSequence>,
  samples: readonly LabelledFragments[] = [],
  others: readonly Score[] = [],
): Promise<StorableScore[]> {
  checkSpecs(
    specs,
    others.map(({ name }) => name),
  )
  const fittings = new Map<ScoreSpec, Fitting>()
  for (const spec of specs)
    if (spec.kind.fittedOn === 'sequences') fittings.set(spec, spec.kind.startFit(spec.name, spec.options))
  for await (const sequence of sequences) for (const fitting of fittings.values()) fitting.add(sequence)

  const byName = new Map<string, Score>(others.map(score => [score.name, score]))
  const fitted: StorableScore[] = []
  for (const spec of specs) {
    const { kind, name, options } = spec
    const score =
      kind.fittedOn === 'sequences'
        ? await fittings.get(spec)!.finish(byName)
        : kind.fit(name, options, byName, await scoreSamples(kind.components(name, options), byName, samples))
    fitted.push(addScore(byName, score))
  }
  return fitted
}

/** The samples' scores of some names, those that there are. */
const scoreSamples = (
  of: readonly string[],
  scores: ReadonlyMap<string, Score>,
  samples: readonly LabelledFragments[],
): Promise<LabelledScores[]> =>
  Promise.all(
    samples.map(async ({ length, fragments, labels }) => {
      const named = of.flatMap(name => scores.get(name) ?? [])
      const columns = await Promise.all(
        named.map(async score => [score.name, await score.score(fragments)] as const),
      )
      return {
        length,
        labels,
        gc: Float64Array.from(fragments, gcFraction),
        scores: Object.fromEntries(columns),
      }
    }),
  )
