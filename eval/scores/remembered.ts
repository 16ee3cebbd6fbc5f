import type { Score } from './score.js'

/**
 * A score that remembers what it gave for a batch (the same array), so that others which are computed from it do not have
 * it computed again. What was given goes with the batch.
 */
export function remembered<S extends Score>(score: S): S {
  const given = new WeakMap<readonly Uint8Array[], Promise<Float64Array>>()
  return {
    ...score,
    score(fragments) {
      let scores = given.get(fragments)
      if (!scores) {
        scores = score.score(fragments)
        given.set(fragments, scores)
      }
      return scores
    },
  }
}
