import type { ProcessGroup } from '../engine/index.js'
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
  /**
   * Processes that train together, all of which call this with the same settings. The first of them alone has the
   * run's directory, validates, and calls what is above. Where this throws in one of them, it ends the others
   * (`processes.abort`): they may be waiting for it.
   */
  readonly processes?: ProcessGroup
}
