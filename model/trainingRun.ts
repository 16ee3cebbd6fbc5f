import { setImmediate } from 'node:timers/promises'
import { device, dispose, leaves, realise, type Schedule, scope, type Tree } from '../engine/index.js'
import { BatchFeed, type TrainingData } from './batchFeed.js'
import { isExhausted, type ValidationMetric } from './bestValidation.js'
import { divergedError } from './divergedError.js'
import type { ModelOptions, ModelParameters } from './generative.js'
import { type MetricsLine, MetricsWindow } from './metricsWindow.js'
import { generativeNetwork, type Network } from './network.js'
import { initialOptimiser, isStateOf } from './optimiser.js'
import type { RunDirectory, RunPosition } from './runDirectory.js'
import { identityOf } from './runIdentity.js'
import { firstState, type TrainState } from './trainState.js'
import { makeNetworkStep, type Optimisation, type StepMetrics, type TrainStep } from './trainStep.js'
import { type Measured, Validation, type ValidationOptions, type Validator } from './validation.js'

/** What a run is opened with, whatever it trains. */
export type RunSettings = Omit<Optimisation, 'keepsCarry'> & {
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
  /** Seconds after which a checkpoint is written between those, too; never unless given. */
  readonly saveEvery?: number
  /** Steps between lines of metrics. */
  readonly logFreq: number
  /** Checkpoints to keep, beside the one of the best validation; 0 keeps all. */
  readonly keep: number
  /** Remove what an earlier run has left in the directory, and start anew. */
  readonly fresh?: boolean
  /** The path of a model to start from (see `loadModel`) instead of untrained parameters. */
  readonly init?: string
  /** Called after every step. */
  readonly onStep?: (step: number, metrics: StepMetrics) => void
  /** Called with every line of metrics; those of a validation have `val_loss`. */
  readonly onMetrics?: (line: MetricsLine) => void
  /** Called when a checkpoint has been written, with its path. */
  readonly onCheckpoint?: (step: number, path: string) => void
}

/** The same for a generative model. */
export type RunOptions = ModelOptions & RunSettings

/**
 * A training run: opened where its directory says that it is, advanced step by step, and saved.
 *
 * An interrupted and resumed run ends with the same bits as one that was not interrupted, because batches, mutations
 * and dropout masks are functions of the seed and the step, and a checkpoint holds everything else.
 */
export class TrainingRun<P extends Tree = ModelParameters> {
  readonly #step: TrainStep<P>
  readonly #feed: BatchFeed
  readonly #window = new MetricsWindow()
  /** The lines of metrics so far. */
  readonly #lines: MetricsLine[]
  #state: TrainState<P>
  #next: number
  #checkpoint: string
  #unsaved = false
  #stoppedEarly = false
  #savedAt = performance.now()
  /** The newest checkpoint if it is there for the time that had passed, to be replaced by the next one. */
  #byClock: string | undefined

  private constructor(
    readonly network: Network<P>,
    readonly directory: RunDirectory,
    readonly options: RunSettings,
    readonly data: TrainingData,
    readonly validator: Validator<P> | undefined,
    { step, state, checkpoint }: RunPosition<P>,
    lines: readonly MetricsLine[],
  ) {
    this.#lines = [...lines]
    this.#next = step + 1
    this.#state = state
    this.#checkpoint = checkpoint
    realise(leaves(state), device(options.device))
    const { windows = 1 } = data
    const { learningRate, schedule, steps } = options
    this.#step = makeNetworkStep(network, { ...options, keepsCarry: windows > 1 })
    this.#feed = new BatchFeed(data, learningRate, schedule && { ...schedule, steps }, options.device)
    this.#judge()
  }

  /** `openNetwork` for a generative model. @throws as `openNetwork`. */
  static async open(
    directory: RunDirectory,
    options: RunOptions,
    data: TrainingData,
    validation?: ValidationOptions,
  ): Promise<TrainingRun> {
    const validator = validation && new Validation(validation, options, data.batchSize, options.device)
    return TrainingRun.openNetwork(generativeNetwork(options), directory, options, data, validator)
  }

  /**
   * Open the run of a directory: a new one, or where its newest checkpoint has left it. `dispose` frees its memory and
   * the validator's, and gives back the directory, which no other process may train in meanwhile.
   * @throws FolderInUseError while another one does; SettingsError when the run there had other settings, or `init` is a
   * model of another kind; CheckpointError when a checkpoint cannot be read.
   */
  static async openNetwork<P extends Tree>(
    network: Network<P>,
    directory: RunDirectory,
    options: RunSettings,
    data: TrainingData,
    validator?: Validator<P>,
  ): Promise<TrainingRun<P>> {
    await directory.lock()
    try {
      if (options.fresh) await directory.clear()
      const position =
        (await directory.resume(network, identityOf(options, data))) ??
        (await firstPosition(network, options))
      const lines = await directory.readMetrics()
      return new TrainingRun(network, directory, options, data, validator, position, lines)
    } catch (error) {
      directory.unlock()
      throw error
    }
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
    const validated = due ? await this.validator?.measure(state.parameters) : undefined
    if (due || step % logFreq === 0) await this.#report(step, validated)
    if (due) await this.save()
    else await this.#saveByClock()
  }

  /** Write a checkpoint of the last step, unless there is one. */
  async save(): Promise<void> {
    if (!this.#unsaved) return
    await this.#write(this.options.keep)
    this.#byClock = undefined
  }

  /** Write a checkpoint if it is time to. It stays until the next one, whatever that is for, and counts for none kept. */
  async #saveByClock(): Promise<void> {
    const { saveEvery } = this.options
    if (!saveEvery || performance.now() - this.#savedAt < 1000 * saveEvery) return
    await this.#write(0)
    this.#byClock = this.#checkpoint
  }

  async #write(keep: number): Promise<void> {
    const { network, directory, options, data } = this
    const identity = identityOf(options, data)
    const replaces = this.#byClock
    const kept = { keep, metric: options.bestBy ?? 'auroc', ...(replaces !== undefined && { replaces }) }
    this.#checkpoint = await directory.save(this.#next - 1, this.#state, network, identity, kept)
    this.#unsaved = false
    this.#savedAt = performance.now()
    options.onCheckpoint?.(this.#next - 1, this.#checkpoint)
  }

  /** Free the memory of the run (its state, its batch, and what was compiled), and give back its directory. */
  dispose(): void {
    this.directory.unlock()
    this.#feed.dispose()
    this.#step.compiled.dispose()
    this.validator?.dispose()
    dispose(this.#state)
  }

  /** Stop early if it is time to. A pure function of the lines so far, so a resumed run stops at the same step. */
  #judge(): void {
    const { patience = 0, bestBy = 'auroc' } = this.options
    this.#stoppedEarly = patience > 0 && isExhausted(this.#lines, bestBy, patience)
  }

  async #report(step: number, validated: Measured | undefined): Promise<void> {
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
async function firstPosition<P extends Tree>(
  network: Network<P>,
  options: RunSettings,
): Promise<RunPosition<P>> {
  const state = options.init
    ? await initialStateFrom(options.init, network, options)
    : untrainedState(network, options)
  return { step: -1, state, checkpoint: '' }
}

/** The state of a model in a file; its optimiser's state is a new one where the model was trained with another optimiser. */
async function initialStateFrom<P extends Tree>(
  path: string,
  network: Network<P>,
  options: RunSettings,
): Promise<TrainState<P>> {
  const { state } = await network.load(path)
  if (isStateOf(options, state)) return state
  const { parameters, updates } = state
  return { parameters, ...initialOptimiser(options, parameters), updates }
}

/** The state at the beginning of fragments: the carry of those before is freed. */
function withoutCarry<P extends Tree>({ carry, ...state }: TrainState<P>): TrainState<P> {
  if (carry) dispose(carry)
  return state
}

/** Computed at once, in a scope, so that nothing is left of the random keys that it is drawn from. */
const untrainedState = <P extends Tree>(network: Network<P>, options: RunSettings): TrainState<P> =>
  scope(() => {
    const state = firstState(options, network.initial)
    realise(leaves(state), device(options.device))
    return state
  })
