import { dispose, entries, leaves, realise, type Tensor, tensor } from '../engine/index.js'
import type { ModelOptions } from './generative.js'
import type { MetricsLine, RunDirectory } from './runDirectory.js'
import { loadModel, saveState } from './saved.js'
import { Scorer } from './scorer.js'
import {
  initialState,
  makeTrainStep,
  type StepMetrics,
  type StepOptions,
  type TrainState,
} from './trainStep.js'

/** Where training reads come from: `batch(step)` is a pure function of the step, so a resumed run sees the same. */
export type TrainingData = {
  /** int32 tokens [batchSize * length] of a step. */
  batch(step: number): Int32Array
  readonly batchSize: number
  readonly length: number
  /** What must be the same for a run to be resumed, for instance the number of reads. */
  readonly fingerprint: string
}

/** Validation reads, each set as bases 0 to 3 (4 for unknown). */
export type ValidationData = {
  readonly inDistribution: readonly Uint8Array[]
  readonly outOfDistribution: readonly Uint8Array[]
}

/** An AUROC with its interval: how well in-distribution reads score above others. */
export type Judge = (
  inDistribution: Float64Array,
  outOfDistribution: Float64Array,
) => {
  auroc: number
  low: number
  high: number
}

export type TrainOptions = StepOptions & {
  readonly steps: number
  /** Steps between checkpoints (with validation, if there are validation reads). */
  readonly valFreq: number
  /** Steps between lines of metrics. */
  readonly logFreq: number
  /** Checkpoints to keep; 0 keeps all. */
  readonly keep: number
  /** A model to start from instead of fresh parameters. */
  readonly init?: string
  /** Stop after the current step when this is aborted; a checkpoint is written first. */
  readonly signal?: AbortSignal
  /** Called after every step. */
  readonly onStep?: (step: number, metrics: StepMetrics) => void
  /** Called with every line of metrics. */
  readonly onMetrics?: (line: MetricsLine) => void
}

/** How a training ended: the last step done, whether it was interrupted, and the newest checkpoint. */
export type TrainResult = {
  readonly step: number
  readonly interrupted: boolean
  readonly checkpoint: string
}

/** A loss that is not a number any more; the message says what to do. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError'
}

/**
 * Train a model in a run directory. Goes on from the newest checkpoint there; an interrupted and resumed run ends with
 * the same bits as one that was not interrupted, because batches, mutations and dropout masks are functions of the
 * seed and the step, and a checkpoint holds everything else.
 *
 * @throws DivergedError when the loss is NaN or infinite; Error when the run there had other settings.
 */
export async function train(
  run: RunDirectory,
  options: TrainOptions,
  data: TrainingData,
  validation?: { data: ValidationData; judge: Judge },
): Promise<TrainResult> {
  await run.sweep()
  // Where sums over steps are taken in pieces, or gradients rounded at another scale, the bits differ: a run goes on as
  // it began.
  const notes = {
    seed: String(options.seed),
    data: data.fingerprint,
    'memory budget': String(options.memory ?? 'none'),
    'loss scale': String(options.lossScale ?? 1),
  }
  const last = (await run.checkpoints()).at(-1)
  let state: TrainState
  let next = 0
  let checkpoint = last?.path ?? ''
  if (last) {
    state = await resume(last.path, options, notes)
    next = last.step + 1
  } else state = options.init ? await startFrom(options.init, options) : initialState(options)
  realise(leaves(state))
  // A run may have been killed after a line of metrics and before its checkpoint, the first one's too.
  await run.truncateMetrics(next - 1)

  const step = makeTrainStep(options)
  const tokens = tensor(new Int32Array(data.batchSize * data.length), {
    shape: [data.batchSize, data.length],
  })
  const scorer = validation && new Scorer(options, state.parameters, data.batchSize, options.device)
  const window = new Window()
  const interrupted = () => options.signal?.aborted ?? false
  const prepare = async (step: number) => {
    if (step < options.steps) tokens.assign(data.batch(step))
  }
  try {
    await prepare(next)
    for (; next < options.steps && !interrupted(); next++) {
      // The next batch is made and enqueued while the device computes with this one.
      const [result] = await Promise.all([step(state, tokens), prepare(next + 1)])
      state = result.state
      if (!Number.isFinite(result.metrics.loss_total))
        throw await diverged(next, result.metrics, state, checkpoint, options.learningRate)
      window.add(result.metrics)
      options.onStep?.(next, result.metrics)
      // Let timers, signals and the terminal have their turn.
      await new Promise(resolve => setImmediate(resolve))

      const final = next === options.steps - 1
      const due = next % options.valFreq === 0 || final
      const judged = due && scorer ? await validate(scorer, state, validation!) : {}
      if (due || next % options.logFreq === 0) {
        const speed = window.readsPerSecond(data.batchSize)
        const line = {
          step: next,
          time: new Date().toISOString(),
          ...window.mean(),
          ...judged,
          reads_per_s: speed,
        }
        await run.appendMetrics(line)
        options.onMetrics?.(line)
        window.reset()
      }
      if (due || interrupted()) {
        checkpoint = run.modelPath(next)
        await saveState(checkpoint, options, state, { ...notes, step: String(next) })
        await run.prune(options.keep)
      }
    }
  } finally {
    tokens.dispose()
    step.compiled.dispose()
    scorer?.dispose()
    dispose(state)
  }
  return { step: next - 1, interrupted: next < options.steps, checkpoint }
}

async function resume(
  path: string,
  options: ModelOptions,
  notes: Readonly<Record<string, string>>,
): Promise<TrainState> {
  const saved = await loadModel(path, options.cell)
  for (const [name, value] of Object.entries(notes))
    if (saved.metadata[name] !== value)
      throw new Error(
        `${path}: this run had ${name} '${saved.metadata[name]}', now it is '${value}'; a run is resumed with what it began with (--fresh starts anew)`,
      )
  checkSame(path, saved.options, options)
  return saved.state
}

async function startFrom(path: string, options: ModelOptions): Promise<TrainState> {
  const saved = await loadModel(path, options.cell)
  checkSame(path, saved.options, options)
  return saved.state
}

function checkSame(path: string, saved: ModelOptions, asked: ModelOptions): void {
  const kind = (o: ModelOptions) =>
    `cell ${o.cell.name}, hidden size ${o.hidden}, ${o.embedding ? 'with' : 'no'} embedding`
  if (kind(saved) !== kind(asked))
    throw new Error(
      `${path}: a model with ${kind(saved)}, but the flags ask for ${kind(asked)}; make them agree, or use --fresh`,
    )
}

async function validate(
  scorer: Scorer,
  state: TrainState,
  { data, judge }: { data: ValidationData; judge: Judge },
): Promise<{ val_loss: number; auroc: number; auroc_ci: number[] }> {
  scorer.parameters = state.parameters
  const mean = async (reads: readonly Uint8Array[]) =>
    Float64Array.from(await scorer.score(reads), likelihood => likelihood.mean)
  const inside = await mean(data.inDistribution)
  const outside = await mean(data.outOfDistribution)
  const { auroc, low, high } = judge(inside, outside)
  return { val_loss: -inside.reduce((a, b) => a + b, 0) / inside.length, auroc, auroc_ci: [low, high] }
}

async function diverged(
  step: number,
  { loss_total, loss_reg }: StepMetrics,
  state: TrainState,
  checkpoint: string,
  learningRate: number,
): Promise<DivergedError> {
  // The regulariser sees the parameters before the update: if it is finite, they were, and the forward pass failed.
  const first = Number.isFinite(loss_reg) ? 'logits' : await firstBad(state)
  const good = checkpoint ? `Last good checkpoint: ${checkpoint}.` : 'There is no checkpoint yet.'
  return new DivergedError(
    `loss is ${loss_total} at step ${step} (first bad tensor: ${first}). ${good} Try --learning_rate ${learningRate / 5}.`,
  )
}

async function firstBad(state: TrainState): Promise<string> {
  for (const [name, t] of entries(state.parameters) as [string, Tensor][])
    if (!(await t.data()).every(Number.isFinite)) return name
  return 'parameters'
}

/** Means of the metrics since the last line, and the time that it took. */
class Window {
  #sums = { loss: 0, acc: 0, loss_total: 0 }
  #steps = 0
  #regulariser = 0
  #since = performance.now()

  add(metrics: StepMetrics): void {
    for (const name of ['loss', 'acc', 'loss_total'] as const) this.#sums[name] += metrics[name]
    this.#regulariser = metrics.loss_reg
    this.#steps++
  }

  mean(): { loss: number; acc: number; loss_total: number; loss_reg: number; steps: number } {
    const { loss, acc, loss_total } = this.#sums
    const n = this.#steps
    return { loss: loss / n, acc: acc / n, loss_total: loss_total / n, loss_reg: this.#regulariser, steps: n }
  }

  readsPerSecond(batchSize: number): number {
    return Math.round((this.#steps * batchSize * 1e4) / (performance.now() - this.#since)) / 10
  }

  reset(): void {
    this.#sums = { loss: 0, acc: 0, loss_total: 0 }
    this.#steps = 0
    this.#since = performance.now()
  }
}
