/** All intervals of the evaluator are 95 % intervals. */
export const confidence = 0.95

/** The ends of an interval; NaN where it is undefined. */
export type Interval = {
  low: number
  high: number
}

/** A figure and its interval. */
export type Estimate = Interval & { value: number }

/** An interval that nothing is known of. */
export const noInterval: Interval = { low: Number.NaN, high: Number.NaN }
