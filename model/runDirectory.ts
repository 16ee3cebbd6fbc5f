import { appendFile, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseJson, writeFileAtomic } from '../data/index.js'
import type { Tree } from '../engine/index.js'
import { bestLine, type ValidationMetric } from './bestValidation.js'
import { writeParams } from './checkpoint/index.js'
import type { ModelParameters } from './generative.js'
import type { MetricsLine } from './metricsWindow.js'
import type { Network } from './network.js'
import { type RunIdentity, unwritten } from './runIdentity.js'
import { type Checkpoint, checkpointPath, runCheckpoints } from './saved/index.js'
import { SettingsError } from './settingsError.js'
import type { TrainState } from './trainState.js'

/** Where a run has got to: the state after a step, and the file that holds it (step -1 and no file before the first). */
export type RunPosition<P extends Tree = ModelParameters> = {
  readonly step: number
  readonly state: TrainState<P>
  readonly checkpoint: string
}

/**
 * What a run leaves behind: `params.json`, `run.txt`, `metrics.jsonl` and `model/model_STEP.safetensors`. Whatever is
 * written here survives a kill at any moment: files appear whole, and `resume` removes what is half done.
 */
export class RunDirectory {
  readonly #metrics: string
  readonly #models: string

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

  /** Write down the settings (in a form that the reference reads, too) and what the run runs on, a line each. */
  async describe(settings: Readonly<Record<string, unknown>>, notes: readonly string[]): Promise<void> {
    await writeParams(join(this.#models, 'params.json'), settings)
    await writeFileAtomic(join(this.path, 'params.json'), `${JSON.stringify(settings, undefined, 2)}\n`)
    await writeFileAtomic(join(this.path, 'run.txt'), `${notes.join('\n')}\n`)
  }

  /** The run's checkpoints, the newest last. */
  async checkpoints(): Promise<Checkpoint[]> {
    return runCheckpoints(this.#models)
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
    const newest = (await this.checkpoints()).at(-1)
    const saved = newest && (await network.load(newest.path))
    if (saved) checkIdentity(newest.path, saved.metadata, identity)
    await this.#truncateMetrics(newest?.step ?? -1)
    return saved && { step: newest.step, state: saved.state, checkpoint: newest.path }
  }

  /**
   * Write a checkpoint, and remove all but the last `keep` (0 keeps all) and the one of the best validation by a metric.
   * Returns its path.
   */
  async save<P extends Tree>(
    step: number,
    state: TrainState<P>,
    network: Network<P>,
    identity: RunIdentity,
    { keep, metric }: { readonly keep: number; readonly metric: ValidationMetric },
  ): Promise<string> {
    const path = checkpointPath(this.#models, step)
    await network.save(path, state, { ...identity, step: String(step) })
    if (keep > 0) await this.#prune(keep, metric)
    return path
  }

  /** Add a line to metrics.jsonl. */
  async appendMetrics(line: MetricsLine): Promise<void> {
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

  /** Start anew: metrics and checkpoints of an earlier run are removed. */
  async clear(): Promise<void> {
    await rm(this.#metrics, { force: true })
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
        if (/\.tmp/.test(name)) await rm(join(folder, name), { force: true })
  }
}

function checkIdentity(path: string, saved: RunIdentity, wanted: RunIdentity): void {
  for (const [aspect, value] of Object.entries(wanted)) {
    const before = saved[aspect] ?? unwritten[aspect]
    if (before !== value)
      throw new SettingsError(
        name =>
          `${path}: this run had ${aspect} '${before}', now it is '${value}'; a run is resumed with what it began with (${name('fresh')} starts anew)`,
      )
  }
}
