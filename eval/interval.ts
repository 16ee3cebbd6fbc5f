/** All intervals of the evaluator are 95 % intervals. */
export const confidence = 0.95

/** The ends of an interval; NaN where it is undefined. */
export type Interval = {
  low: number
  high: number
}

/** A figure and its interval. */
export type Estimate = Interval & { value: number }

/** From a value between 0 and 1 as far to either side as `margin` says on the logit scale, so that it stays between them. */
export function logitInterval(value: number, margin: number): Interval {
  const logit = Math.log(value / (1 - value))
  const logistic = (x: number): number => 1 / (1 + Math.exp(-x))
  return { low: logistic(logit - margin), high: logistic(logit + margin) }
}

/** An interval that nothing is known of. */
export const noInterval: Interval = { low: Number.NaN, high: Number.NaN }
