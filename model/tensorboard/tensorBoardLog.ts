import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EventFile, removeEventFiles } from './eventFile.js'
import { type Hparams, type SummaryValue, sessionEnd, sessionStart } from './events.js'
import { histogramOf } from './histogram.js'

/** Where events lie below a run's directory: settings, and as the reference has it, training and validation. */
const folders = {
  settings: 'log',
  training: join('log', 'in_tr'),
  validation: join('log', 'in_val'),
} as const

/** Metrics of a training step by their names, which are the reference's tags; those of validations are under `val_`. */
type Metrics = Readonly<Record<string, unknown>>

/** What a line of metrics says beside measures of the model. */
const others = ['step', 'time', 'steps']

/**
 * What a training run shows to TensorBoard: `tensorboard --logdir RUN`, or a folder of runs. Tags are the reference's, so
 * that its runs and ours can be laid over each other.
 */
export class TensorBoardLog {
  readonly #settings: EventFile
  readonly #training: EventFile
  readonly #validation: EventFile

  /**
   * Begins the log of a process that trains from step `next` on.
   * @param aurocTag what the AUROC of validations is called; its bounds are below it
   * @throws Error when the files cannot be written.
   */
  constructor(
    run: string,
    hparams: Hparams,
    readonly aurocTag: string,
    next: number,
  ) {
    const open = (folder: string) => new EventFile(join(run, folder), next)
    this.#settings = open(folders.settings)
    this.#training = open(folders.training)
    this.#validation = open(folders.validation)
    this.#settings.add(next, [sessionStart(hparams, Date.now() / 1000)])
  }

  /** A line of metrics, and the learning rate of its step. */
  metrics(step: number, metrics: Metrics, learningRate: number): void {
    const scalars = Object.entries(metrics).filter(([name]) => !others.includes(name))
    const isValidation = (name: string) => name.startsWith('val_') || name.startsWith('auroc')
    const ofTraining = scalars.filter(([name]) => !isValidation(name))
    if (ofTraining.length)
      this.#training.add(step, [...ofTraining.flatMap(asScalars), scalar('learning_rate', learningRate)])
    const ofValidation = scalars.filter(([name]) => isValidation(name))
    if (ofValidation.length) this.#validation.add(step, ofValidation.flatMap(this.#ofValidation))
  }

  #ofValidation = ([name, value]: [string, unknown]): SummaryValue[] => {
    if (name === 'auroc') return asScalars([this.aurocTag, value])
    if (name === 'auroc_ci' && Array.isArray(value))
      return [scalar(`${this.aurocTag}/low`, value[0]), scalar(`${this.aurocTag}/high`, value[1])]
    return asScalars([name.replace(/^val_/, ''), value])
  }

  /** Histograms of arrays of numbers, by their names. */
  histograms(step: number, arrays: Readonly<Record<string, ArrayLike<number>>>): void {
    const values = Object.entries(arrays).flatMap(([tag, numbers]) => {
      const histogram = histogramOf(numbers)
      return histogram ? [{ tag, histogram }] : []
    })
    this.#training.add(step, values)
  }

  /** That the training has come to its end, after step `step`. */
  end(step: number): void {
    this.#settings.add(step, [sessionEnd(Date.now() / 1000)])
  }

  /** Removes what earlier processes have written of a run; files of other programs stay. */
  static remove(run: string): void {
    for (const folder of Object.values(folders))
      if (existsSync(join(run, folder))) removeEventFiles(join(run, folder))
  }
}

const scalar = (tag: string, value: number): SummaryValue => ({ tag, scalar: value })

/** A metric as scalars; what is no number is none. */
const asScalars = ([name, value]: [string, unknown]): SummaryValue[] =>
  typeof value === 'number' ? [scalar(name, value)] : []
