/**
 * A record of more bases than `longestWhole` is scored in stretches, side by side: one after the other, a chromosome would
 * take days. A stretch begins with the state that the `warmUp` bases before it leave behind, which is what a longer past
 * would leave: the models are trained on reads of hundreds of bases.
 */
const longestWhole = 2 ** 16
const stretchLength = 2 ** 13
const warmUp = 2 ** 10

/** What goes through a model as one sequence: the bases of a read from `start` on, the first `skipped` predictions not counted. */
export type Stretch = { readonly start: number; readonly bases: Uint8Array; readonly skipped: number }

/**
 * The stretches that a read is scored as: itself, or parts of it that overlap. Only those that predict bases from `from` to
 * before `to`.
 */
export function stretchesOf(bases: Uint8Array, from = 0, to = bases.length): Stretch[] {
  if (bases.length <= longestWhole) return [{ start: 0, bases, skipped: 0 }]
  const stretches: Stretch[] = []
  // Stretches share a base: the last of one is the first input of the next.
  const firstOfAll = stretchLength * Math.floor(Math.max(0, from - 1) / stretchLength)
  for (let first = firstOfAll; first < Math.min(bases.length, to) - 1; first += stretchLength) {
    const start = Math.max(0, first - warmUp)
    const end = Math.min(bases.length, first + stretchLength + 1)
    stretches.push({ start, bases: bases.subarray(start, end), skipped: first - start })
  }
  return stretches
}
