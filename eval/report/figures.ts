import type { Estimate } from '../interval.js'

/** A figure with three decimals, or NA. */
export const formatFigure = (value: number, signed = false): string =>
  Number.isNaN(value) ? 'NA' : `${signed && value >= 0 ? '+' : ''}${value.toFixed(3)}`

/** `0.835 [0.822, 0.847]`; NA for what is undefined. */
export const formatEstimate = ({ value, low, high }: Estimate, signed = false): string =>
  `${formatFigure(value, signed)} [${formatFigure(low, signed)}, ${formatFigure(high, signed)}]`

/** A p-value, its digits where they count. */
export function formatP(p: number): string {
  if (Number.isNaN(p)) return 'NA'
  if (p < 1e-300) return '< 1e-300'
  return p < 1e-3 ? p.toExponential(1) : p.toFixed(3)
}
