import type { Interval } from './interval.js'
import { normalTail } from './student.js'

/**
 * Twice the log-likelihood ratio, per read, between the share that is observed and another probability: 2 n of them are
 * about the square of how many standard errors lie between both, also where the share is 0 or 1.
 */
export function binomialDeviance(share: number, probability: number): number {
  const term = (observed: number, expected: number): number =>
    observed > 0 ? observed * Math.log(observed / expected) : 0
  return 2 * (term(share, probability) + term(1 - share, 1 - probability))
}

/**
 * All probabilities that lie within `quantile` standard errors of a share of so many reads, by the deviance (Brown, Cai &
 * DasGupta, Statistical Science 16 (2001) 101–133, section 4.3.1). For a share of 0 or 1 the deviance is too narrow, and the
 * probability of such a share takes its place (as in their modified intervals). Found by bisection.
 */
export function devianceInterval(share: number, reads: number, quantile: number): Interval {
  const isEdge = share === 0 || share === 1
  const most = (isEdge ? -2 * Math.log(normalTail(quantile)) : quantile ** 2) / reads
  const end = (edge: number): number => {
    if (share === edge) return edge
    let inside = share
    let outside = edge
    for (let i = 0; i < 60; i++) {
      const middle = (inside + outside) / 2
      if (binomialDeviance(share, middle) <= most) inside = middle
      else outside = middle
    }
    return inside
  }
  return { low: end(0), high: end(1) }
}
