import { useEffect, useRef, useState } from 'preact/hooks'
import type { TrainReport } from '../work/index.js'

/** AUROC of the likelihood after a step, with its 95 % interval. */
export type Validated = Pick<Extract<TrainReport, { kind: 'validation' }>, 'step' | 'auroc' | 'low' | 'high'>

/** What one cell has come to in its training. */
export type Progress = {
  /** In nats per base, by step. */
  readonly losses: readonly number[]
  readonly validations: readonly Validated[]
  /** Median of the last twenty steps; NaN before the first. */
  readonly stepsPerSecond: number
}

/** A training: of the user's cell and of the built-in one, in this order. */
export type TrainingProgress = {
  readonly cells: readonly Progress[]
  /** The learning rate from each step on at which it was changed, the first step among them. */
  readonly rates: readonly { readonly step: number; readonly learningRate: number }[]
}

/** A training's reports, as they come. */
class Log {
  readonly #cells = [0, 1].map(() => ({
    losses: [] as number[],
    validations: [] as Validated[],
    speeds: [] as number[],
  }))
  readonly #rates: { step: number; learningRate: number }[] = []

  add(report: Exclude<TrainReport, { kind: 'opened' }>): void {
    const { losses, validations, speeds } = this.#cells[report.cell]
    if (report.kind === 'validation') {
      validations.push(report)
      return
    }
    const { loss, stepsPerSecond, step, learningRate } = report
    losses.push(loss)
    speeds.push(stepsPerSecond)
    if (speeds.length > 20) speeds.shift()
    if (learningRate !== this.#rates.at(-1)?.learningRate) this.#rates.push({ step, learningRate })
  }

  get progress(): TrainingProgress {
    const cells = this.#cells.map(({ losses, validations, speeds }) => ({
      losses: [...losses],
      validations: [...validations],
      stepsPerSecond: median(speeds),
    }))
    return { cells, rates: [...this.#rates] }
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** How often what is shown follows what was reported, in milliseconds: drawing takes time from the training. */
const interval = 150

/** The progress of a training, and what to call with its reports and before it begins. */
export function useProgress(): {
  readonly progress: TrainingProgress
  add(report: Exclude<TrainReport, { kind: 'opened' }>): void
  clear(): void
} {
  const log = useRef(new Log())
  const [progress, setProgress] = useState(log.current.progress)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  return {
    progress,
    add(report) {
      log.current.add(report)
      timer.current ??= setTimeout(() => {
        timer.current = undefined
        setProgress(log.current.progress)
      }, interval)
    },
    clear() {
      log.current = new Log()
      setProgress(log.current.progress)
    },
  }
}
