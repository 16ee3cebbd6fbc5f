import type { BasesProgress, Score } from './score.js'

/**
 * A score that remembers what it gave for a batch (the same array), so that others which are computed from it do not have
 * it computed again. What was given goes with the batch. (Evidence for each genus is remembered where it is made.)
 */
export const remembered = <S extends Score>(score: S): S => ({
  ...score,
  score: rememberedByBatch((fragments, onBases) => score.score(fragments, onBases)),
})

type OfBatch<T> = (fragments: readonly Uint8Array[], onBases?: BasesProgress) => Promise<T>

/** A function of a batch of fragments that is computed once for each batch (the same array): its progress is told the first who asks. */
export function rememberedByBatch<T>(compute: OfBatch<T>): OfBatch<T> {
  const given = new WeakMap<readonly Uint8Array[], Promise<T>>()
  return (fragments, onBases) => {
    let result = given.get(fragments)
    if (!result) {
      result = compute(fragments, onBases)
      given.set(fragments, result)
    }
    return result
  }
}
