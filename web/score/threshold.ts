import type { Calibration } from '../../eval/index.js'

/**
 * Where reads are called: by a false-positive rate where the score is calibrated (every length has a cutoff of its own
 * then), else by a score, below which reads are counted.
 */
export type Threshold =
  | { readonly kind: 'rate'; readonly rate: number }
  | { readonly kind: 'score'; readonly cutoff: number }

/** Rates have so many decimals, as they are shown and said to the command line. */
const decimals = 1e4

/** The least rate of a few decimals that calls the same reads as `rate` does. */
const rounded = (rate: number): number => Math.ceil(rate * decimals - 1e-9) / decimals

/** A calibration at the length that most reads are of, for which the handle of a threshold is drawn. */
export class RateAtLength {
  /** The rate moves by steps of it; nothing is called at less. */
  readonly step: number

  /** @param isSum whether the score is a sum over the bases */
  constructor(
    readonly calibration: Calibration,
    readonly length: number,
    readonly isSum: boolean,
  ) {
    this.step = calibration.leastRate(length)
  }

  /** The score below which reads are called unknown at a rate; NaN for lengths without p-values. */
  cutoffAt(rate: number): number {
    return this.calibration.threshold(rate, this.length, this.isSum)
  }

  /** The rate at which reads up to a score are called unknown. */
  rateUpTo(score: number): number {
    return this.#within(this.calibration.pValue(score, this.length, this.isSum))
  }

  /** The rate that is so many steps higher. */
  moved(rate: number, steps: number): number {
    const position = Math.floor(rate / this.step + 1e-6)
    return this.#within((position + steps) * this.step)
  }

  #within(rate: number): number {
    return rounded(Math.min(1 - this.step, Math.max(this.step, rate)))
  }
}
