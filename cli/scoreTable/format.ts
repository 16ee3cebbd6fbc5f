import { unknown } from '../../data/index.js'

/** A score with the nine digits that tell every float32 from its neighbours; `NA` for NaN. */
export const formatScore = (score: number): string => (Number.isNaN(score) ? 'NA' : score.toPrecision(9))

/** A fraction with four decimals; `NA` for NaN. */
export const formatFraction = (fraction: number): string =>
  Number.isNaN(fraction) ? 'NA' : fraction.toFixed(4)

/** A p-value with six digits; `NA` for NaN. */
export const formatP = (p: number): string => (Number.isNaN(p) ? 'NA' : String(Number(p.toPrecision(6))))

/** What DNA is made of. */
export type Composition = {
  /** In bases, unknown ones included. */
  readonly length: number
  readonly known: number
  /** G and C among the known bases. */
  readonly gc: number
}

/** The composition of several pieces of DNA together. */
export function compositionOf(pieces: readonly Uint8Array[]): Composition {
  let length = 0
  let known = 0
  let gc = 0
  for (const bases of pieces) {
    length += bases.length
    for (const base of bases) {
      if (base < unknown) known++
      if (base === 1 || base === 2) gc++
    }
  }
  return { length, known, gc }
}
