import { existsSync } from 'node:fs'
import { appendFile, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FolderLock, parseJson, temporaryFile, writeFileAtomic } from '../data/index.js'
import type { Tree } from '../engine/index.js'
import { bestLine, type ValidationMetric } from './bestValidation.js'
import { type Params, readParams, writeParams } from './checkpoint/index.js'
import type { ModelParameters } from './generative.js'
import type { MetricsLine } from './metricsWindow.js'
import type { Network } from './network.js'
import { type RunIdentity, unwritten } from './runIdentity.js'
import { type Checkpoint, checkpointPath, checkpointsIn } from './saved/index.js'
import { SettingsError } from './settingsError.js'
import { TensorBoardLog } from './tensorboard/index.js'
import type { TrainState } from './trainState.js'

/** Which checkpoints stay when one is written; see `RunDirectory.save`. */
type Keeping = { readonly keep: number; readonly metric: ValidationMetric; readonly replaces?: string }

/** Where a run has got to: the state after a step, and the file that holds it (step -1 and no file before the first). */
export type RunPosition<P extends Tree = ModelParameters> = {
  readonly step: number
  readonly state: TrainState<P>
  readonly checkpoint: string
}

/** What an earlier process has written of a run that goes on: its settings, and lines about what it ran on. */
export type EarlierRun = {
  /** Whether the reference has trained it last. */
  readonly ofReference: boolean
  readonly settings: Params
  readonly notes: readonly string[]
}

/**
 * What a run leaves behind: `params.json`, `run.txt`, `metrics.jsonl` and `model/model_STEP.safetensors`. Whatever is
 * written here survives a kill at any moment: files appear whole, and `resume` removes what is half done.
 *
 * Files of the reference may lie here, too. A run goes on from its newest checkpoint, but nothing of them is ever
 * removed or written over.
 */
export class RunDirectory {
  readonly #metrics: string
  readonly #models: string
  #lock: FolderLock | undefined

  private constructor(readonly path: string) {
    this.#metrics = join(path, 'metrics.jsonl')
    this.#models = join(path, 'model')
  }

  /** The directory of a run; its folders are made if they are not there. @throws Error when that is not possible. */
  static async open(path: string): Promise<RunDirectory> {
    const directory = new RunDirectory(path)
    await mkdir(directory.#models, { recursive: true })
    return directory
  }

  /** Have the run to this process. @throws FolderInUseError while another one trains there; Error as `FolderLock.take`. */
  async lock(): Promise<void> {
    this.#lock = await FolderLock.take(this.path)
  }

  /** Give it back. */
  unlock(): void {
    this.#lock?.release()
    this.#lock = undefined
  }

  /** Write down the settings (in a form that the reference reads, too) and what the run runs on, a line each. */
  async describe(settings: Readonly<Record<string, unknown>>, notes: readonly string[]): Promise<void> {
    const forReference = join(this.#models, 'params.json')
    if (!(existsSync(forReference) && (await this.#ofReference()).length > 0))
      await writeParams(forReference, settings)
    await writeFileAtomic(join(this.path, 'params.json'), `${JSON.stringify(settings, undefined, 2)}\n`)
    await writeFileAtomic(join(this.path, 'run.txt'), `${notes.join('\n')}\n`)
  }

  /**
   * What is known of the run that goes on from the newest checkpoint; undefined before the first one.
   * @throws CheckpointError when its settings cannot be read.
   */
  async earlier(): Promise<EarlierRun | undefined> {
    const newest = (await checkpointsIn(this.#models)).at(-1)
    if (!newest) return undefined
    const ofReference = newest.format === 'tensorflow'
    const file = ofReference ? join(this.#models, 'params.json') : join(this.path, 'params.json')
    const settings = existsSync(file) ? await readParams(file) : {}
    const notes = ofReference ? '' : await readFile(join(this.path, 'run.txt'), 'utf8').catch(() => '')
    return { ofReference, settings, notes: notes.split('\n') }
  }

  /** The run's own checkpoints, the newest last. */
  async checkpoints(): Promise<Checkpoint[]> {
    return (await checkpointsIn(this.#models)).filter(({ format }) => format === 'safetensors')
  }

  /** Those of the reference. */
  async #ofReference(): Promise<Checkpoint[]> {
    return (await checkpointsIn(this.#models)).filter(({ format }) => format === 'tensorflow')
  }

  /**
   * The position of the newest checkpoint, undefined before the first one. What an earlier process has written after
   * it (lines of metrics, temporary files) is removed: the run writes it again.
   * @throws SettingsError when the run there is another one; CheckpointError when its checkpoint cannot be read.
   */
  async resume<P extends Tree>(
    network: Network<P>,
    identity: RunIdentity,
  ): Promise<RunPosition<P> | undefined> {
    await this.#removeTemporaryFiles()
    const newest = (await checkpointsIn(this.#models)).at(-1)
    const saved = newest && (await network.load(newest.path))
    if (saved) checkIdentity(newest.path, saved.metadata, identity)
    await this.#truncateMetrics(newest?.step ?? -1)
    return saved && { step: newest.step, state: saved.state, checkpoint: newest.path }
  }

  /**
   * Write a checkpoint, and remove the one that it `replaces`, if any, and all but the last `keep` (0 keeps all) and the
   * one of the best validation by a metric. Returns its path.
   * @throws FolderInUseError when another process has taken the run over; Error when the file cannot be written.
   */
  async save<P extends Tree>(
    step: number,
    state: TrainState<P>,
    network: Network<P>,
    identity: RunIdentity,
    { keep, metric, replaces }: Keeping,
  ): Promise<string> {
    await this.#lock?.confirm()
    const path = checkpointPath(this.#models, step)
    await network.save(path, state, { ...identity, step: String(step) })
    if (replaces !== undefined && replaces !== path) await rm(replaces, { force: true })
    if (keep > 0) await this.#prune(keep, metric)
    return path
  }

  /** Add a line to metrics.jsonl. @throws FolderInUseError when another process has taken the run over. */
  async appendMetrics(line: MetricsLine): Promise<void> {
    await this.#lock?.confirm()
    await appendFile(this.#metrics, `${JSON.stringify(line)}\n`)
  }

  /** The lines of metrics.jsonl; none without the file. */
  async readMetrics(): Promise<MetricsLine[]> {
    const text = await readFile(this.#metrics, 'utf8').catch(() => '')
    // A line that a kill cut short is no line.
    return text.split('\n').flatMap(line => {
      try {
        return line ? [parseJson(line) as MetricsLine] : []
      } catch {
        return []
      }
    })
  }

  /**
   * Start anew: metrics, checkpoints and event files of an earlier run are removed.
   * @throws SettingsError when there are checkpoints of the reference, which stay.
   */
  async clear(): Promise<void> {
    const newest = (await this.#ofReference()).at(-1)
    if (newest)
      throw new SettingsError(
        name =>
          `${newest.path}: a checkpoint of the TensorFlow program, which is never removed; give another ${name('out_dir')} to start anew, or do without ${name('fresh')} to go on from it`,
      )
    await rm(this.#metrics, { force: true })
    TensorBoardLog.remove(this.path)
    for (const { path } of await this.checkpoints()) await rm(path)
  }

  /** Removes the lines of later steps. */
  async #truncateMetrics(step: number): Promise<void> {
    const kept = (await this.readMetrics()).filter(line => line.step <= step)
    await writeFileAtomic(this.#metrics, kept.map(line => `${JSON.stringify(line)}\n`).join(''))
  }

  /** Removes checkpoints, all but the last `keep` and the best. */
  async #prune(keep: number, metric: ValidationMetric): Promise<void> {
    const best = bestLine(await this.readMetrics(), metric)
    for (const { path, step } of (await this.checkpoints()).slice(0, -keep))
      if (step !== best?.step) await rm(path)
  }

  async #removeTemporaryFiles(): Promise<void> {
    for (const folder of [this.path, this.#models])
      for (const name of await readdir(folder))
        if (temporaryFile.test(name)) await rm(join(folder, name), { force: true })
  }
}

function checkIdentity(path: string, saved: RunIdentity, wanted: RunIdentity): void {
  for (const [aspect, value] of Object.entries(wanted)) {
    const before = saved[aspect] ?? unwritten[aspect]
    // The reference writes nothing of the kind down.
    if (before === undefined && saved.source === 'TensorFlow') continue
    if (before !== value)
      throw new SettingsError(
        name =>
          `${path}: this run had ${aspect} '${before}', now it is '${value}'; a run is resumed with what it began with (${name('fresh')} starts anew)`,
      )
  }
}
