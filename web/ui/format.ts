/** Numbers as the page shows them. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** A count with separators between thousands: `1,234,567`. */
export const count = (value: number): string => whole.format(value)

/** A number with so many digits after the point; `NA` where it is not defined, as tables of the command line have it. */
export const fixed = (value: number, digits: number): string =>
  Number.isNaN(value) ? 'NA' : value.toFixed(digits)

/** A fraction as a percentage: `12 %`. */
export const percent = (fraction: number): string => `${whole.format(100 * fraction)} %`
