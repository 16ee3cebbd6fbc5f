import type { Score } from './score.js'

/**
 * A score that remembers what it gave for a batch (the same array), so that others which are computed from it do not have
 * it computed again. What was given goes with the batch. (Evidence for each genus is remembered where it is made.)
 */
export const remembered = <S extends Score>(score: S): S => ({
  ...score,
  score: rememberedByBatch(fragments => score.score(fragments)),
})

/** A function of a batch of fragments that is computed once for each batch (the same array). */
export function rememberedByBatch<T>(
  compute: (fragments: readonly Uint8Array[]) => Promise<T>,
): (fragments: readonly Uint8Array[]) => Promise<T> {
  const given = new WeakMap<readonly Uint8Array[], Promise<T>>()
  return fragments => {
    let result = given.get(fragments)
    if (!result) {
      result = compute(fragments)
      given.set(fragments, result)
    }
    return result
  }
}
