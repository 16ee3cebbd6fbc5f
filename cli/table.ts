import type { Read } from '../data/index.js'
import type { ReadScores } from '../model/index.js'

/** A read with everything that the tables say of it. */
export type ScoredRead = ReadScores & { readonly read: Read; readonly gc: number }

/** The header of the table of scores, without its leading `#`. */
export const scoreColumns = ['read', 'length', 'gc', 'll_fg', 'll_bg', 'llr'] as const

/** A row of that table; log-likelihoods with the nine digits that tell every float32 from its neighbours. */
export function formatRow({ read, gc, foreground, background, ratio }: ScoredRead): string {
  const number = (x: number) => (Number.isNaN(x) ? 'NA' : x.toPrecision(9))
  const fraction = Number.isNaN(gc) ? 'NA' : gc.toFixed(4)
  return [read.name, read.bases.length, fraction, ...[foreground, background, ratio].map(number)].join('\t')
}
