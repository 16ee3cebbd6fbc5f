/** All intervals of the evaluator are 95 % intervals. */
export const confidence = 0.95

/** The normal quantile that goes with `confidence`: Φ(1.96) = 0.975. */
export const zConfidence = 1.959963984540054

/** The ends of an interval; NaN where it is undefined. */
export type Interval = {
  low: number
  high: number
}

/** A figure and its interval. */
export type Estimate = Interval & { value: number }

/** P(|Z| >= |z|) for a standard normal Z, with relative accuracy far into the tail. */
export const twoSidedP = (z: number): number => erfc(Math.abs(z) / Math.SQRT2)

/**
 * The complementary error function for x >= 0: below 2 by the series with positive terms (Abramowitz & Stegun 7.1.6),
 * above by the continued fraction (7.1.14).
 */
function erfc(x: number): number {
  const gauss = Math.exp(-x * x) / Math.sqrt(Math.PI)
  if (x < 2) {
    let term = x
    let sum = x
    for (let n = 1; n < 60; n++) {
      term *= (2 * x * x) / (2 * n + 1)
      sum += term
    }
    return 1 - 2 * gauss * sum
  }
  let fraction = x
  for (let n = 120; n > 0; n--) fraction = x + n / 2 / fraction
  return gauss / fraction
}
