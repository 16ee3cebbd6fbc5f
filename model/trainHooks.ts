import type { MetricsLine } from './metricsWindow.js'
import type { StepMetrics } from './trainStep.js'

/** What a training tells about itself. */
export type TrainHooks = {
  /**
   * Once, before the first step (`next`, counting from 0): where the run is, what it has, a line each, and the loss of
   * guessing, in the unit of the losses.
   */
  readonly onStart?: (run: string, notes: readonly string[], next: number, guessing: number) => void
  readonly onStep?: (step: number, metrics: StepMetrics) => void
  readonly onMetrics?: (line: MetricsLine) => void
  readonly onCheckpoint?: (step: number, path: string) => void
  /** Aborted to stop after the current step. */
  readonly signal?: AbortSignal
}
