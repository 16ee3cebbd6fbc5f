import type { StepMetrics } from './trainStep.js'

/** One line of metrics.jsonl. */
export type MetricsLine = {
  readonly step: number
  readonly [name: string]: number | string | number[] | undefined
}

/** The metrics of the steps since the last line of metrics, and the time that those steps took. */
export class MetricsWindow {
  #sums = { loss: 0, acc: 0, loss_total: 0 }
  #steps = 0
  #regulariser = 0
  #since = performance.now()

  /** Count one more step. */
  add(metrics: StepMetrics): void {
    for (const name of ['loss', 'acc', 'loss_total'] as const) this.#sums[name] += metrics[name]
    this.#regulariser = metrics.loss_reg
    this.#steps++
  }

  /** Whether there was no step. */
  get isEmpty(): boolean {
    return this.#steps === 0
  }

  /** Means over the steps; of the regulariser, which changes slowly, the last value. */
  mean(): StepMetrics & { steps: number } {
    const { loss, acc, loss_total } = this.#sums
    const n = this.#steps
    return { loss: loss / n, acc: acc / n, loss_total: loss_total / n, loss_reg: this.#regulariser, steps: n }
  }

  /** Reads per second of wall time since the last reset, to a tenth. */
  readsPerSecond(batchSize: number): number {
    return Math.round((this.#steps * batchSize * 1e4) / (performance.now() - this.#since)) / 10
  }

  /** Begin the next line. */
  reset(): void {
    this.#sums = { loss: 0, acc: 0, loss_total: 0 }
    this.#steps = 0
    this.#since = performance.now()
  }
}
