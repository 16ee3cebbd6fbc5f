import { confidence } from './interval.js'

/** How many standard errors an interval reaches to either side where they are known and not estimated. */
export const normalConfidence = 1.959963984540054

/**
 * How many standard errors an interval reaches to either side: the quantile of Student's t that goes with
 * `confidence`. NaN without a degree of freedom.
 */
export function tConfidence(degreesOfFreedom: number): number {
  if (!(degreesOfFreedom > 0)) return Number.NaN
  // The tail is convex and falls, so that Newton's steps from the left of the root never pass it.
  let t = 1.9
  for (let step = 0; step < 100; step++) {
    const excess = twoSidedP(t, degreesOfFreedom) - (1 - confidence)
    const next = t + excess / (2 * density(t, degreesOfFreedom))
    if (!(next - t > 1e-13 * t)) return next
    t = next
  }
  return t
}

/**
 * P(|T| >= |t|) for Student's T with so many degrees of freedom, with relative accuracy far into the tail. NaN without
 * a degree of freedom. It is the incomplete beta function I_x(ν/2, 1/2) at x = ν / (ν + t²) (Abramowitz & Stegun 26.5.27).
 */
export function twoSidedP(t: number, degreesOfFreedom: number): number {
  if (!(degreesOfFreedom > 0) || Number.isNaN(t)) return Number.NaN
  const square = t * t
  if (square === Number.POSITIVE_INFINITY) return 0
  const a = degreesOfFreedom / 2
  const outer = square / (degreesOfFreedom + square)
  // x^a (1-x)^½ / B(a, ½), with 1/B(a, ½) = Γ(a + ½) / (Γ(a) √π)
  const front = gammaRatio(a) * Math.sqrt(outer / Math.PI) * Math.exp(a * Math.log1p(-outer))
  return outer > 1.5 / (a + 2.5)
    ? (front * betaFraction(1 - outer, a, 0.5)) / a
    : 1 - 2 * front * betaFraction(outer, 0.5, a)
}

/** P(Z >= z) for a normal Z, to seven digits: Student's t with very many degrees of freedom. */
export const normalTail = (z: number): number => twoSidedP(z, 1e9) / 2

/** The density of Student's t. */
function density(t: number, degreesOfFreedom: number): number {
  const shape = Math.exp(-((degreesOfFreedom + 1) / 2) * Math.log1p((t * t) / degreesOfFreedom))
  return (gammaRatio(degreesOfFreedom / 2) / Math.sqrt(degreesOfFreedom * Math.PI)) * shape
}

/**
 * Γ(a + ½) / Γ(a): the asymptotic series (Abramowitz & Stegun 6.1.47) where it is exact to the last bits, and from there
 * down by Γ(a + 1) = a Γ(a).
 */
function gammaRatio(a: number): number {
  let factor = 1
  let x = a
  for (; x < 60; x++) factor *= x / (x + 0.5)
  const y = 1 / x
  const series =
    1 +
    y *
      (-1 / 8 +
        y * (1 / 128 + y * (5 / 1024 + y * (-21 / 32768 + y * (-399 / 262144 + (y * 869) / 4194304)))))
  return factor * Math.sqrt(x) * series
}

/** The continued fraction of the incomplete beta function (Abramowitz & Stegun 26.5.8), by Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300
  const awayFromZero = (value: number): number => (Math.abs(value) < tiny ? tiny : value)
  let c = 1
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  const extend = (coefficient: number): number => {
    d = 1 / awayFromZero(1 + coefficient * d)
    c = awayFromZero(1 + coefficient / c)
    fraction *= d * c
    return Math.abs(d * c - 1)
  }
  for (let m = 1; m < 100_000; m++) {
    extend((m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)))
    if (extend((-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))) < 1e-16) break
  }
  return fraction
}
