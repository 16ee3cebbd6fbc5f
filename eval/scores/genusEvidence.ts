import { rememberedByBatch } from './remembered.js'
import type { Contrast, GenusEvidence, GenusPair, LeadTrack, Score } from './score.js'

/** A score that says how much each genus has to say for itself. */
export type EvidentScore = Score & { readonly genusEvidence: GenusEvidence }

/**
 * The lead of the likeliest genus over the runner-up, in nats: a likelihood ratio whose background is the genus that comes
 * second. What all bacteria share (conserved genes, composition) the runner-up explains as well, so it cancels; what is
 * left is what is known of one genus alone. The evidence of a batch is computed once, however many ask for it.
 */
export function leadOfGenera(name: string, { evidence, ...rest }: GenusEvidence): EvidentScore {
  const remembered = rememberedByBatch(evidence)
  const genusEvidence = { ...rest, evidence: remembered }
  return {
    name,
    genusEvidence,
    ...tracksOf(genusEvidence),
    summed: { numbers: remembered, contrasts: leadContrasts },
    score: async (fragments, onBases) =>
      Float64Array.from(await remembered(fragments, onBases), ofGenera => leadOfBest(ofGenera ?? [])),
  }
}

/** The greatest of some numbers against the second greatest, and against each of the others; none for fewer than two. */
export function leadContrasts(values: ArrayLike<number>): Contrast[] {
  const leaders = leadersOf(values)
  if (!leaders) return []
  const [best, second] = leaders
  const others = Array.from(values, (_, i) => i).filter(i => i !== best && i !== second)
  return [second, ...others].map(other => ({ plus: [best], minus: [other] }))
}

/** The part of a score that tells how the lead of the likeliest genus over the second comes about, if the evidence does. */
export function tracksOf(evidence: GenusEvidence): Pick<Score, 'leadTracks'> {
  const { tracks } = evidence
  return tracks ? { leadTracks: fragments => leadTracks({ ...evidence, tracks }, fragments) } : {}
}

async function leadTracks(
  { genera, evidence, tracks }: GenusEvidence & Required<Pick<GenusEvidence, 'tracks'>>,
  fragments: readonly Uint8Array[],
): Promise<(LeadTrack | undefined)[]> {
  const leaders = (await evidence(fragments)).map(ofGenera => leadersOf(ofGenera ?? []))
  const tracked = [...fragments.keys()].filter(i => leaders[i] !== undefined)
  const values = await tracks(
    tracked.map(i => fragments[i]),
    tracked.map(i => leaders[i]!),
  )
  const all = fragments.map((): LeadTrack | undefined => undefined)
  for (const [k, i] of tracked.entries()) {
    const [best, second] = leaders[i]!
    all[i] = { values: values[k], likeliest: genera[best], second: genera[second] }
  }
  return all
}

/** The greatest of some numbers minus the second greatest; NaN for fewer than two. */
export function leadOfBest(values: ArrayLike<number>): number {
  const leaders = leadersOf(values)
  return leaders ? values[leaders[0]] - values[leaders[1]] : Number.NaN
}

/** Where the greatest and the second greatest of some numbers stand; undefined for fewer than two finite numbers. */
export function leadersOf(values: ArrayLike<number>): GenusPair | undefined {
  let best = -1
  let second = -1
  for (let i = 0; i < values.length; i++) {
    if (!(values[i] > Number.NEGATIVE_INFINITY)) continue
    if (best < 0 || values[i] > values[best]) {
      second = best
      best = i
    } else if (second < 0 || values[i] > values[second]) second = i
  }
  return second < 0 ? undefined : [best, second]
}
