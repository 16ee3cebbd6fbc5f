import { appendFile, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../data/io/atomic.js'
import { writeParams } from './checkpoint/index.js'
import { checkpointsIn } from './saved.js'

/** One line of metrics.jsonl. */
export type MetricsLine = {
  readonly step: number
  readonly [name: string]: number | string | number[] | undefined
}

/**
 * What a run leaves behind: `params.json`, `run.txt`, `metrics.jsonl` and `model/model_STEP.safetensors`.
 */
export class RunDirectory {
  readonly #metrics: string
  readonly #models: string

  private constructor(readonly path: string) {
    this.#metrics = join(path, 'metrics.jsonl')
    this.#models = join(path, 'model')
  }

  /** Make the folders. @throws Error when that is not possible. */
  static async open(path: string): Promise<RunDirectory> {
    const run = new RunDirectory(path)
    await mkdir(run.#models, { recursive: true })
    return run
  }

  /** Settings (readable by the reference, too) and what the run ran on. */
  async describe(settings: Readonly<Record<string, unknown>>, notes: readonly string[]): Promise<void> {
    await writeParams(join(this.#models, 'params.json'), settings)
    await writeFileAtomic(join(this.path, 'params.json'), `${JSON.stringify(settings, undefined, 2)}\n`)
    await writeFileAtomic(join(this.path, 'run.txt'), `${notes.join('\n')}\n`)
  }

  modelPath(step: number): string {
    return join(this.#models, `model_${step}.safetensors`)
  }

  /** Our own checkpoints, the newest last. */
  async checkpoints(): Promise<{ path: string; step: number }[]> {
    return (await checkpointsIn(this.#models)).filter(c => c.kind === 'safetensors')
  }

  async appendMetrics(line: MetricsLine): Promise<void> {
    await appendFile(this.#metrics, `${JSON.stringify(line)}\n`)
  }

  async readMetrics(): Promise<MetricsLine[]> {
    const text = await readFile(this.#metrics, 'utf8').catch(() => '')
    // A line that a kill cut short is no line.
    return text.split('\n').flatMap(line => {
      try {
        return line ? [JSON.parse(line) as MetricsLine] : []
      } catch {
        return []
      }
    })
  }

  /** Forget metrics after `step`: the resumed run writes them again. */
  async truncateMetrics(step: number): Promise<void> {
    const kept = (await this.readMetrics()).filter(line => line.step <= step)
    await writeFileAtomic(this.#metrics, kept.map(line => `${JSON.stringify(line)}\n`).join(''))
  }

  /** Remove checkpoints but the last `keep` and the one with the best validation AUROC. */
  async prune(keep: number): Promise<void> {
    if (keep === 0) return
    const best = (await this.readMetrics()).reduce<MetricsLine | undefined>(
      (a, b) =>
        typeof b.auroc === 'number' && !(typeof a?.auroc === 'number' && a.auroc >= b.auroc) ? b : a,
      undefined,
    )
    const all = await this.checkpoints()
    for (const { path, step } of all.slice(0, Math.max(0, all.length - keep)))
      if (step !== best?.step) await rm(path)
  }

  /** Start anew: metrics and checkpoints of an earlier run go. */
  async clear(): Promise<void> {
    await rm(this.#metrics, { force: true })
    for (const { path } of await this.checkpoints()) await rm(path)
  }

  /** Temporary files that a killed run left. */
  async sweep(): Promise<void> {
    for (const folder of [this.path, this.#models])
      for (const name of await readdir(folder))
        if (/\.tmp/.test(name)) await rm(join(folder, name), { force: true })
  }
}
