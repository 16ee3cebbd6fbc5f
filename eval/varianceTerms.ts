/**
 * Sums of independent terms whose variances are estimated from few clusters each: how many standard errors of the sum a
 * 95 % interval reaches. There are two answers, and which one covers, bench/coverage.js shows.
 */
import { tConfidence } from './student.js'

/** The estimate of a term's variance, and the degrees of freedom that this has. */
export type VarianceTerm = { variance: number; degreesOfFreedom: number }

/**
 * The mean of the terms' quantiles, weighted by their variances (Cochran, Biometrics 20 (1964) 191–195). Where no term
 * varies, the greatest. NaN where a term has no degree of freedom.
 */
export function cochranConfidence(terms: readonly VarianceTerm[]): number {
  const quantiles = terms.map(({ degreesOfFreedom }) => tConfidence(degreesOfFreedom))
  const total = terms.reduce((sum, { variance }) => sum + variance, 0)
  if (!(total > 0)) return Math.max(...quantiles)
  return terms.reduce((sum, { variance }, i) => sum + (variance / total) * quantiles[i], 0)
}

/** The degrees of freedom whose quantile is `cochranConfidence`, by bisection between the terms'. NaN as that. */
export function cochranDegreesOfFreedom(terms: readonly VarianceTerm[]): number {
  const quantile = cochranConfidence(terms)
  if (Number.isNaN(quantile)) return Number.NaN
  const degrees = terms.map(({ degreesOfFreedom }) => degreesOfFreedom)
  let fewest = Math.min(...degrees)
  let most = Math.max(...degrees)
  while (most - fewest > 1e-9 * most) {
    const middle = Math.sqrt(fewest * most)
    if (tConfidence(middle) > quantile) fewest = middle
    else most = middle
  }
  return fewest
}

/**
 * The quantile of Student's t with the degrees of freedom of a sum (Welch, Biometrika 29 (1938) 350–362; Satterthwaite,
 * Biometrics Bulletin 2 (1946) 110–114). It is smaller than Cochran's, and of few clusters too small for terms that are
 * near to normal: a variance that is underestimated by chance counts less, and makes the quantile smaller still.
 */
export function welchConfidence(terms: readonly VarianceTerm[]): number {
  const total = terms.reduce((sum, { variance }) => sum + variance, 0)
  const inverse = terms.reduce(
    (sum, { variance, degreesOfFreedom }) => sum + (variance / total) ** 2 / degreesOfFreedom,
    0,
  )
  return tConfidence(1 / inverse)
}
