import { setImmediate } from 'node:timers/promises'
import { device, dispose, leaves, realise, type Schedule, type Tree } from '../engine/index.js'
import { BatchFeed, type TrainingData } from './batchFeed.js'
import { isExhausted, type ValidationMetric } from './bestValidation.js'
import { divergedError, hasDiverged } from './divergedError.js'
import { firstPosition } from './firstPosition.js'
import type { ModelOptions, ModelParameters } from './generative.js'
import { Inspection, type Inspector } from './inspection.js'
import { type MetricsLine, MetricsWindow } from './metricsWindow.js'
import { generativeNetwork, type Network } from './network.js'
import { ShardedStepper, type Stepper, type Team, wholeBatches } from './parallel/index.js'
import type { RunDirectory, RunPosition } from './runDirectory.js'
import { identityOf } from './runIdentity.js'
import type { TrainState } from './trainState.js'
import type { Optimisation, StepMetrics } from './trainStep.js'
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
  /**
   * Parts that a batch is cut into, a power of two: the result is then the same for any number of processes. By default
   * batches are computed as a whole.
   */
  readonly shards?: number
  /** The processes that share the shards. This is the first of them; the others `follow`. */
  readonly team?: Team
  /** Called after every step. */
  readonly onStep?: (step: number, metrics: StepMetrics) => void
  /** Called with every line of metrics; those of a validation have `val_loss`. */
  readonly onMetrics?: (line: MetricsLine) => void
  /** Called when a checkpoint has been written, with its path. */
  readonly onCheckpoint?: (step: number, path: string) => void
  /** Is shown parameters and gradients. */
  readonly inspector?: Inspector
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
  readonly #stepper: Stepper<P>
  readonly #feed: BatchFeed
  readonly #inspection: Inspection<P> | undefined
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
    const { learningRate, schedule, steps, shards, team } = options
    const optimisation = { ...options, keepsCarry: windows > 1 }
    this.#stepper = shards
      ? new ShardedStepper(network, optimisation, data.batchSize, shards, team)
      : wholeBatches(network, optimisation, data.batchSize)
    const { parts } = this.#stepper
    this.#feed = new BatchFeed(data, learningRate, schedule && { ...schedule, steps }, options.device, parts)
    this.#inspection = options.inspector && new Inspection(options.inspector, network, options)
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
      const run = new TrainingRun(network, directory, options, data, validator, position, lines)
      run.#state = await run.#stepper.begin(run.#state, run.#next)
      return run
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

  /** Whether the last step is to be followed by a validation which there has not been: an interrupt has kept it. */
  get validationIsDue(): boolean {
    const step = this.#next - 1
    if (step < 0 || !this.validator || !this.#isDue(step)) return false
    return !this.#lines.some(line => line.step === step && line.val_loss !== undefined)
  }

  /**
   * Do the validation of the newest checkpoint, if an interrupt has kept it: validations are as many as without one.
   * `signal`: aborted to leave it for the next time.
   */
  async catchUp(signal?: AbortSignal): Promise<void> {
    if (!this.validationIsDue) return
    const validated = await this.#validate(signal)
    if (validated) await this.#report(this.#next - 1, validated)
  }

  /**
   * Do one step; where they are due, validate, write a line of metrics, and save. `signal`: aborted to leave a validation
   * for the next time.
   * @throws DivergedError when the loss is NaN or infinite, or what a device with saturating floats makes of that; RangeError when all steps are done.
   */
  async advance(signal?: AbortSignal): Promise<void> {
    const { steps, logFreq, learningRate, onStep } = this.options
    const step = this.#next
    if (this.finished) throw new RangeError(`advance: all ${steps} steps are done; open the run with more`)
    const batch = await this.#feed.load(step)
    const isFirstWindow = step % (this.data.windows ?? 1) === 0
    if (isFirstWindow) this.#state = withoutCarry(this.#state)
    await this.#inspection?.look(step, this.#state, batch.tokens[0])
    // The next batch is made and enqueued while the device computes with this one.
    const [{ state, metrics }] = await Promise.all([
      this.#stepper.step(this.#state, batch, isFirstWindow),
      step + 1 < steps && this.#feed.load(step + 1),
    ])
    this.#state = state
    const overflowed = await device(this.options.device).overflowed()
    if (hasDiverged(metrics.loss_total, overflowed)) {
      this.#unsaved = false // the state is not worth a checkpoint
      throw await divergedError(step, metrics, state.parameters, this.#checkpoint, learningRate)
    }
    this.#next = step + 1
    this.#unsaved = true
    this.#window.add(metrics, overflowed)
    onStep?.(step, metrics)
    // Timers, signals and the terminal are served between steps.
    await setImmediate()

    const due = this.#isDue(step)
    const validated = due ? await this.#validate(signal) : undefined
    // Without its validation, the line is left to `catchUp`.
    const postponed = due && this.validator && !validated
    if ((due || step % logFreq === 0) && !postponed) await this.#report(step, validated)
    if (due) await this.save()
    else await this.#saveByClock()
  }

  #isDue(step: number): boolean {
    return step % this.options.valFreq === 0 || step === this.options.steps - 1
  }

  /** Validate the parameters as they are; undefined if it was interrupted, or if there is nothing to validate on. */
  async #validate(signal: AbortSignal | undefined): Promise<Measured | undefined> {
    try {
      return await this.validator?.measure(this.#state.parameters, signal)
    } catch (error) {
      if (signal?.aborted && error === signal.reason) return undefined
      throw error
    }
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
    const { state, release } = await this.#stepper.whole(this.#state)
    this.#checkpoint = await directory.save(this.#next - 1, state, network, identity, kept)
    release()
    this.#unsaved = false
    this.#savedAt = performance.now()
    options.onCheckpoint?.(this.#next - 1, this.#checkpoint)
  }

  /** Free the memory of the run (its state, its batch, and what was compiled), and give back its directory. */
  dispose(): void {
    this.directory.unlock()
    this.#feed.dispose()
    this.#stepper.dispose()
    this.#inspection?.dispose()
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
      // A validation that was caught up with follows no step of this process.
      ...(this.#window.isEmpty ? {} : this.#window.mean()),
      ...validated,
      ...(!this.#window.isEmpty && { reads_per_s: this.#window.readsPerSecond(this.data.batchSize) }),
    }
    await this.directory.appendMetrics(line)
    this.#lines.push(line)
    if (validated) this.#judge()
    this.options.onMetrics?.(line)
    this.#window.reset()
  }
}

/** The state at the beginning of fragments: the carry of those before is freed. */
function withoutCarry<P extends Tree>({ carry, ...state }: TrainState<P>): TrainState<P> {
  if (carry) dispose(carry)
  return state
}
