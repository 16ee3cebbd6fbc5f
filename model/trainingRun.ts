import { setImmediate } from 'node:timers/promises'
import { device, dispose, leaves, realise, type Schedule, scope } from '../engine/index.js'
import { BatchFeed, type TrainingData } from './batchFeed.js'
import { isExhausted, type ValidationMetric } from './bestValidation.js'
import { divergedError } from './divergedError.js'
import { type MetricsLine, MetricsWindow } from './metricsWindow.js'
import { initialOptimiser, isStateOf } from './optimiser.js'
import type { RunDirectory, RunPosition } from './runDirectory.js'
import { identityOf } from './runIdentity.js'
import { loadToTrain } from './saved/index.js'
import { initialState, type TrainState } from './trainState.js'
import { makeTrainStep, type StepMetrics, type StepOptions, type TrainStep } from './trainStep.js'
import { Validation, type ValidationMetrics, type ValidationOptions } from './validation.js'

export type RunOptions = Omit<StepOptions, 'keepsCarry'> & {
  /** Steps in all, those of earlier processes included. */
  readonly steps: number
  /** How the learning rate changes, if it does. */
  readonly schedule?: Omit<Schedule, 'steps'>
  /** Stop before all steps are done, after so many validations in a row without a better one; 0, the default: never. */
  readonly patience?: number
  /** By what validations are compared; by AUROC unless given. */
  readonly bestBy?: ValidationMetric
  /** Steps between checkpoints (with validation, if there are validation reads). */
  readonly valFreq: number
  /** Steps between lines of metrics. */
  readonly logFreq: number
  /** Checkpoints to keep, beside the one of the best validation; 0 keeps all. */
  readonly keep: number
  /** The path of a model to start from (see `loadModel`) instead of untrained parameters. */
  readonly init?: string
  /** Called after every step. */
  readonly onStep?: (step: number, metrics: StepMetrics) => void
  /** Called with every line of metrics; those of a validation have `val_loss`. */
  readonly onMetrics?: (line: MetricsLine) => void
  /** Called when a checkpoint has been written, with its path. */
  readonly onCheckpoint?: (step: number, path: string) => void
}

/**
 * A training run: opened where its directory says that it is, advanced step by step, and saved.
 *
 * An interrupted and resumed run ends with the same bits as one that was not interrupted, because batches, mutations
 * and dropout masks are functions of the seed and the step, and a checkpoint holds everything else.
 */
export class TrainingRun {
  readonly #step: TrainStep
  readonly #feed: BatchFeed
  readonly #validation: Validation | undefined
  readonly #window = new MetricsWindow()
  /** The lines of metrics so far. */
  readonly #lines: MetricsLine[]
  #state: TrainState
  #next: number
  #checkpoint: string
  #unsaved = false
  #stoppedEarly = false

  private constructor(
    readonly directory: RunDirectory,
    readonly options: RunOptions,
    readonly data: TrainingData,
    validation: ValidationOptions | undefined,
    { step, state, checkpoint }: RunPosition,
    lines: readonly MetricsLine[],
  ) {
    this.#lines = [...lines]
    this.#next = step + 1
    this.#state = state
    this.#checkpoint = checkpoint
    realise(leaves(state), device(options.device))
    const { windows = 1 } = data
    const { learningRate, schedule, steps } = options
    this.#step = makeTrainStep({ ...options, keepsCarry: windows > 1 })
    this.#feed = new BatchFeed(data, learningRate, schedule && { ...schedule, steps }, options.device)
    this.#validation =
      validation && new Validation(validation, options, state.parameters, data.batchSize, options.device)
    this.#judge()
  }

  /**
   * Open the run of a directory: a new one, or where its newest checkpoint has left it. `dispose` frees its memory.
   * @throws SettingsError when the run there had other settings, or `init` is a model of another kind; CheckpointError
   * when a checkpoint cannot be read.
   */
  static async open(
    directory: RunDirectory,
    options: RunOptions,
    data: TrainingData,
    validation?: ValidationOptions,
  ): Promise<TrainingRun> {
    const position =
      (await directory.resume(options, identityOf(options, data))) ?? (await firstPosition(options))
    return new TrainingRun(directory, options, data, validation, position, await directory.readMetrics())
  }

  /** The step that is to be done next, counting from 0; there are `options.steps`. */
  get next(): number {
    return this.#next
  }

  /** Whether all steps are done, or the training has stopped early. */
  get finished(): boolean {
    return this.#next >= this.options.steps || this.#stoppedEarly
  }

  /** Whether the training ended because `patience` was. */
  get stoppedEarly(): boolean {
    return this.#stoppedEarly
  }

  /** The path of the newest checkpoint; empty before the first one. */
  get checkpoint(): string {
    return this.#checkpoint
  }

  /**
   * Do one step; where they are due, validate, write a line of metrics, and save.
   * @throws DivergedError when the loss is NaN or infinite; RangeError when all steps are done.
   */
  async advance(): Promise<void> {
    const { steps, valFreq, logFreq, learningRate, onStep } = this.options
    const step = this.#next
    if (this.finished) throw new RangeError(`advance: all ${steps} steps are done; open the run with more`)
    const batch = await this.#feed.load(step)
    if (step % (this.data.windows ?? 1) === 0) this.#state = withoutCarry(this.#state)
    // The next batch is made and enqueued while the device computes with this one.
    const [{ state, metrics }] = await Promise.all([
      this.#step(this.#state, batch.tokens, batch.learningRate),
      step + 1 < steps && this.#feed.load(step + 1),
    ])
    this.#state = state
    if (!Number.isFinite(metrics.loss_total)) {
      this.#unsaved = false // the state is not worth a checkpoint
      throw await divergedError(step, metrics, state.parameters, this.#checkpoint, learningRate)
    }
    this.#next = step + 1
    this.#unsaved = true
    this.#window.add(metrics)
    onStep?.(step, metrics)
    // Timers, signals and the terminal are served between steps.
    await setImmediate()

    const due = step % valFreq === 0 || this.finished
    const validated = due ? await this.#validation?.measure(state.parameters) : undefined
    if (due || step % logFreq === 0) await this.#report(step, validated)
    if (due) await this.save()
  }

  /** Write a checkpoint of the last step, unless there is one. */
  async save(): Promise<void> {
    if (!this.#unsaved) return
    const { directory, options, data } = this
    const identity = identityOf(options, data)
    const kept = { keep: options.keep, metric: options.bestBy ?? 'auroc' }
    this.#checkpoint = await directory.save(this.#next - 1, this.#state, options, identity, kept)
    this.#unsaved = false
    options.onCheckpoint?.(this.#next - 1, this.#checkpoint)
  }

  /** Free the memory of the run: its state, its batch, and what was compiled. */
  dispose(): void {
    this.#feed.dispose()
    this.#step.compiled.dispose()
    this.#validation?.dispose()
    dispose(this.#state)
  }

  /** Stop early if it is time to. A pure function of the lines so far, so a resumed run stops at the same step. */
  #judge(): void {
    const { patience = 0, bestBy = 'auroc' } = this.options
    this.#stoppedEarly = patience > 0 && isExhausted(this.#lines, bestBy, patience)
  }

  async #report(step: number, validated: ValidationMetrics | undefined): Promise<void> {
    const line: MetricsLine = {
      step,
      time: new Date().toISOString(),
      ...this.#window.mean(),
      ...validated,
      reads_per_s: this.#window.readsPerSecond(this.data.batchSize),
    }
    await this.directory.appendMetrics(line)
    this.#lines.push(line)
    if (validated) this.#judge()
    this.options.onMetrics?.(line)
    this.#window.reset()
  }
}

/** Where a run begins that has no checkpoint: before its first step, with the model of `init` or an untrained one. */
async function firstPosition(options: RunOptions): Promise<RunPosition> {
  const state = options.init ? await initialStateFrom(options.init, options) : untrainedState(options)
  return { step: -1, state, checkpoint: '' }
}

/** The state of a model in a file; its optimiser's state is a new one where the model was trained with another optimiser. */
async function initialStateFrom(path: string, options: RunOptions): Promise<TrainState> {
  const { state } = await loadToTrain(path, options)
  if (isStateOf(options, state)) return state
  const { parameters, updates } = state
  return { parameters, ...initialOptimiser(options, parameters), updates }
}

/** The state at the beginning of fragments: the carry of those before is freed. */
function withoutCarry({ carry, ...state }: TrainState): TrainState {
  if (carry) dispose(carry)
  return state
}

/** Computed at once, in a scope, so that nothing is left of the random keys that it is drawn from. */
const untrainedState = (options: RunOptions): TrainState =>
  scope(() => {
    const state = initialState(options)
    realise(leaves(state), device(options.device))
    return state
  })
