import { setImmediate } from 'node:timers/promises'
import { device, dispose, leaves, realise, scope, type Tensor, type Tree, tensor } from '../engine/index.js'
import { divergedError } from './divergedError.js'
import type { ModelOptions, ModelParameters } from './generative.js'
import { MetricsWindow } from './metricsWindow.js'
import { generativeNetwork, type Network } from './network.js'
import type { MetricsLine, RunDirectory, RunIdentity, RunPosition } from './runDirectory.js'
import { firstState, type TrainState } from './trainState.js'
import { makeNetworkStep, type Optimisation, type StepMetrics, type TrainStep } from './trainStep.js'
import { Validation, type ValidationOptions, type Validator } from './validation.js'

/** Where training reads come from: `batch(step)` is a pure function of the step, so a resumed run sees the same. */
export type TrainingData = {
  /**
   * int32 tokens of a step, [batchSize * length], a row for each read; the length may differ between steps, each is
   * compiled for itself.
   */
  batch(step: number): Int32Array
  readonly batchSize: number
  /** What must be the same for a run to be resumed, for instance the number of reads. */
  readonly fingerprint: string
}

/** What a run is opened with, whatever it trains. */
export type RunSettings = Optimisation & {
  /** Steps in all, those of earlier processes included. */
  readonly steps: number
  /** Steps between checkpoints (with validation, if there are validation reads). */
  readonly valFreq: number
  /** Steps between lines of metrics. */
  readonly logFreq: number
  /** Checkpoints to keep, beside the one of the best validation AUROC; 0 keeps all. */
  readonly keep: number
  /** The path of a model to start from (see `loadModel`) instead of untrained parameters. */
  readonly init?: string
  /** Called after every step. */
  readonly onStep?: (step: number, metrics: StepMetrics) => void
  /** Called with every line of metrics. */
  readonly onMetrics?: (line: MetricsLine) => void
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
  /** A tensor for batches of each length. */
  readonly #tokens = new Map<number, Tensor>()
  /** The step whose batch the device has last been handed, and the tensor that holds it. */
  #loaded: { step: number; tokens: Tensor } | undefined
  readonly #window = new MetricsWindow()
  #state: TrainState<P>
  #next: number
  #checkpoint: string
  #unsaved = false

  private constructor(
    readonly network: Network<P>,
    readonly directory: RunDirectory,
    readonly options: RunSettings,
    readonly data: TrainingData,
    readonly validator: Validator<P> | undefined,
    { step, state, checkpoint }: RunPosition<P>,
  ) {
    this.#next = step + 1
    this.#state = state
    this.#checkpoint = checkpoint
    realise(leaves(state), device(options.device))
    this.#step = makeNetworkStep(network, options)
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
   * the validator's.
   * @throws SettingsError when the run there had other settings, or `init` is a model of another kind; CheckpointError
   * when a checkpoint cannot be read.
   */
  static async openNetwork<P extends Tree>(
    network: Network<P>,
    directory: RunDirectory,
    options: RunSettings,
    data: TrainingData,
    validator?: Validator<P>,
  ): Promise<TrainingRun<P>> {
    const position =
      (await directory.resume(network, identityOf(options, data))) ?? (await firstPosition(network, options))
    return new TrainingRun(network, directory, options, data, validator, position)
  }

  /** The step that is to be done next, counting from 0; there are `options.steps`. */
  get next(): number {
    return this.#next
  }

  /** Whether all steps are done. */
  get finished(): boolean {
    return this.#next >= this.options.steps
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
    const tokens = await this.#load(step)
    // The next batch is made and enqueued while the device computes with this one.
    const [{ state, metrics }] = await Promise.all([
      this.#step(this.#state, tokens),
      step + 1 < steps && this.#load(step + 1),
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
  }

  /** Write a checkpoint of the last step, unless there is one. */
  async save(): Promise<void> {
    if (!this.#unsaved) return
    const { network, directory, options, data } = this
    const identity = identityOf(options, data)
    this.#checkpoint = await directory.save(this.#next - 1, this.#state, network, identity, options.keep)
    this.#unsaved = false
  }

  /** Free the memory of the run: its state, its batch, and what was compiled. */
  dispose(): void {
    for (const tokens of this.#tokens.values()) tokens.dispose()
    this.#step.compiled.dispose()
    this.validator?.dispose()
    dispose(this.#state)
  }

  /** Hand a step's batch to the device, if it does not have it. Asynchronous, so that its errors can be waited for. */
  async #load(step: number): Promise<Tensor> {
    if (this.#loaded?.step === step) return this.#loaded.tokens
    const { batchSize } = this.data
    const batch = this.data.batch(step)
    let tokens = this.#tokens.get(batch.length)
    if (!tokens) {
      tokens = tensor(new Int32Array(batch.length), { shape: [batchSize, batch.length / batchSize] })
      realise([tokens], device(this.options.device))
      this.#tokens.set(batch.length, tokens)
    }
    tokens.assign(batch)
    this.#loaded = { step, tokens }
    return tokens
  }

  async #report(
    step: number,
    validated: Awaited<ReturnType<Validator<P>['measure']>> | undefined,
  ): Promise<void> {
    const line = {
      step,
      time: new Date().toISOString(),
      ...this.#window.mean(),
      ...validated,
      reads_per_s: this.#window.readsPerSecond(this.data.batchSize),
    }
    await this.directory.appendMetrics(line)
    this.options.onMetrics?.(line)
    this.#window.reset()
  }
}

/** Where a run begins that has no checkpoint: before its first step, with the model of `init` or an untrained one. */
async function firstPosition<P extends Tree>(
  network: Network<P>,
  options: RunSettings,
): Promise<RunPosition<P>> {
  const state = options.init ? (await network.load(options.init)).state : untrainedState(network, options)
  return { step: -1, state, checkpoint: '' }
}

/** Computed at once, in a scope, so that nothing is left of the random keys that it is drawn from. */
const untrainedState = <P extends Tree>(
  network: Network<P>,
  { seed, device: name }: RunSettings,
): TrainState<P> =>
  scope(() => {
    const state = firstState(seed, network.initial)
    realise(leaves(state), device(name))
    return state
  })

/**
 * What must stay the same beside the model. The memory budget, because it decides where sums over steps are taken in
 * pieces, and the loss scale, because gradients are rounded at it: with other ones the bits would differ.
 */
const identityOf = (
  { seed, memory, lossScale }: RunSettings,
  { fingerprint }: TrainingData,
): RunIdentity => ({
  seed: String(seed),
  data: fingerprint,
  'memory budget': String(memory ?? 'none'),
  'loss scale': String(lossScale ?? 1),
})
