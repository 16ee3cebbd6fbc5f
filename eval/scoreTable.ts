/** The table of scores as every face of the system writes it, to the byte: its columns, its numbers, its calls. */
import type { Composition } from '../data/index.js'

/** The share of reads of known genera that may be called unknown, if nothing is said. */
export const defaultRate = 0.05

/** What is said of a read: of a known genus, of none of them, or nothing. */
export type Call = 'known' | 'unknown' | 'NA'

/** Unknown up to the threshold; `NA` without a p-value. */
export const callOf = (p: number, threshold: number): Call =>
  Number.isNaN(p) ? 'NA' : p <= threshold ? 'unknown' : 'known'

/** A row of the table before it is called. */
export type TableRow = {
  /** The columns before the p-value, and after the call. */
  readonly before: readonly string[]
  readonly after: readonly string[]
  readonly p: number
}

/** The columns before the p-value of a row for each read. */
export const readColumns = (scores: readonly string[]): string[] => ['read', 'length', 'gc', ...scores]

/** What a read has in these columns. */
export const readFields = (
  name: string,
  { length, known, gc }: Composition,
  scores: Iterable<number>,
): string[] => [name, String(length), formatFraction(gc / known), ...Array.from(scores, formatScore)]

/** The header line. `columns`: those before the p-value; `hasCalls`: there is a calibration; `hasFile`: a last column says where a read is from. */
export const tableHeader = (columns: readonly string[], hasCalls: boolean, hasFile: boolean): string =>
  `#${[...columns, ...(hasCalls ? ['p', 'call'] : []), ...(hasFile ? ['file'] : [])].join('\t')}\n`

/** The line of a row; `call`: undefined without a calibration. */
export const tableLine = ({ before, p, after }: TableRow, call: Call | undefined): string =>
  `${[...before, ...(call === undefined ? [] : [formatP(p), call]), ...after].join('\t')}\n`

/** A score with the nine digits that tell every float32 from its neighbours; `NA` for NaN. */
export const formatScore = (score: number): string => (Number.isNaN(score) ? 'NA' : score.toPrecision(9))

/** A fraction with four decimals; `NA` for NaN. */
export const formatFraction = (fraction: number): string =>
  Number.isNaN(fraction) ? 'NA' : fraction.toFixed(4)

/** A p-value with six digits; `NA` for NaN. */
const formatP = (p: number): string => (Number.isNaN(p) ? 'NA' : String(Number(p.toPrecision(6))))
