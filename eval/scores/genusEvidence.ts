import { rememberedByBatch } from './remembered.js'
import type { GenusEvidence, Score } from './score.js'

/** A score that says how much each genus has to say for itself. */
export type EvidentScore = Score & { readonly genusEvidence: GenusEvidence }

/**
 * The lead of the likeliest genus over the runner-up, in nats: a likelihood ratio whose background is the genus that comes
 * second. What all bacteria share (conserved genes, composition) the runner-up explains as well, so it cancels; what is
 * left is what is known of one genus alone. The evidence of a batch is computed once, however many ask for it.
 */
export function leadOfGenera(name: string, { evidence, ...rest }: GenusEvidence): EvidentScore {
  const remembered = rememberedByBatch(evidence)
  return {
    name,
    genusEvidence: { ...rest, evidence: remembered },
    score: async fragments =>
      Float64Array.from(await remembered(fragments), ofGenera => leadOfBest(ofGenera ?? [])),
  }
}

/** The greatest of some numbers minus the second greatest; NaN for fewer than two. */
export function leadOfBest(values: Iterable<number>): number {
  let best = Number.NEGATIVE_INFINITY
  let second = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (value > best) {
      second = best
      best = value
    } else if (value > second) second = value
  }
  return second === Number.NEGATIVE_INFINITY ? Number.NaN : best - second
}
