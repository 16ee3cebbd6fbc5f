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
  /** Steps in which a device with saturating floats has reported an overflow; undefined on others. */
  #overflows: number | undefined
  #since = performance.now()

  /** Count one more step. `overflowed`: whether the device has reported an overflow, if it does that. */
  add(metrics: StepMetrics, overflowed?: boolean): void {
    if (overflowed !== undefined) this.#overflows = (this.#overflows ?? 0) + Number(overflowed)
    for (const name of ['loss', 'acc', 'loss_total'] as const) this.#sums[name] += metrics[name]
    this.#regulariser = metrics.loss_reg
    this.#steps++
  }

  /** Whether there was no step. */
  get isEmpty(): boolean {
    return this.#steps === 0
  }

  /** Means over the steps; of the regulariser, which changes slowly, the last value. */
  mean(): StepMetrics & { steps: number; overflows?: number } {
    const { loss, acc, loss_total } = this.#sums
    const n = this.#steps
    return {
      ...{ loss: loss / n, acc: acc / n, loss_total: loss_total / n, loss_reg: this.#regulariser, steps: n },
      ...(this.#overflows !== undefined && { overflows: this.#overflows }),
    }
  }

  /** Reads per second of wall time since the last reset, to a tenth. */
  readsPerSecond(batchSize: number): number {
    return Math.round((this.#steps * batchSize * 1e4) / (performance.now() - this.#since)) / 10
  }

  /** Begin the next line. */
  reset(): void {
    this.#sums = { loss: 0, acc: 0, loss_total: 0 }
    this.#steps = 0
    this.#overflows = undefined
    this.#since = performance.now()
  }
}
