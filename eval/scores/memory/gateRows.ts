import type { JudgedBases } from './expertTrack.js'

/** Rows, of one base for one genus each, that go through a gate together. */
export const rowsPerCall = 8192

/** What the losses so far weigh in their mean after each further base: a short and a long memory. */
const decays = [3 / 4, 31 / 32] as const
export const featuresPerExpert = decays.length + 1
const uniformLoss = Math.log(4)

/**
 * How right experts have been so far for one genus of a fragment: the means of their losses, minus that of chance,
 * [experts, decays]. It is all that a base depends on of what precedes it in the fragment.
 */
export type LossMeans = Float64Array

/** Before the first base. */
export const noLosses = (experts: number): LossMeans => new Float64Array(experts * decays.length)

/** Inputs of a gate for one call. */
export class GateRows {
  /** [rows, 3 experts] */
  readonly features: Float32Array
  /** [rows, experts] */
  readonly logProbabilities: Float32Array
  /** Of each row its fragment, as its caller numbers them, its genus, and its base in the fragment. */
  readonly fragments = new Int32Array(rowsPerCall)
  readonly genera = new Int32Array(rowsPerCall)
  readonly bases = new Int32Array(rowsPerCall)
  /** How many are filled. */
  count = 0

  constructor(readonly experts: number) {
    this.features = new Float32Array(rowsPerCall * featuresPerExpert * experts)
    this.logProbabilities = new Float32Array(rowsPerCall * experts)
  }

  get isFull(): boolean {
    return this.count === rowsPerCall
  }

  /**
   * Adds a row for each base that an expert predicts for a genus, from the one numbered `first` of `judged` on, as long as
   * there is room; `means` goes on with them. Returns the number of the base after the last one that was looked at.
   */
  add(judged: JudgedBases, fragment: number, genus: number, means: LossMeans, first: number): number {
    const { tracks, bases, genera, start } = judged
    let base = first
    for (; base < bases && !this.isFull; base++) {
      if (!this.#write(judged, base * genera + genus, means)) continue
      this.#learn(tracks.length, means)
      this.fragments[this.count] = fragment
      this.genera[this.count] = genus
      this.bases[this.count++] = start + base
    }
    return base
  }

  /** Writes the inputs for a base of a genus into the next row; false where no expert predicts it. */
  #write({ tracks }: JudgedBases, place: number, means: LossMeans): boolean {
    const { features, logProbabilities } = this
    const firstProbability = this.count * tracks.length
    let feature = firstProbability * featuresPerExpert
    let mean = 0
    let isPredicted = false
    for (let expert = 0; expert < tracks.length; expert++) {
      const { losses, uncertainties } = tracks[expert]
      const loss = losses[place]
      const predicts = !Number.isNaN(loss)
      isPredicted ||= predicts
      logProbabilities[firstProbability + expert] = predicts ? -loss : -uniformLoss
      for (let d = 0; d < decays.length; d++) features[feature++] = means[mean++]
      features[feature++] = predicts && uncertainties ? uncertainties[place] - uniformLoss : 0
    }
    return isPredicted
  }

  /** Takes the losses of the next row into the means. */
  #learn(experts: number, means: LossMeans): void {
    const first = this.count * experts
    let mean = 0
    for (let expert = 0; expert < experts; expert++) {
      const loss = -this.logProbabilities[first + expert] - uniformLoss
      for (let d = 0; d < decays.length; d++, mean++)
        means[mean] = decays[d] * means[mean] + (1 - decays[d]) * loss
    }
  }
}
