/** Trainings in processes of their own, several at a time: a grid of `xenograd tune`, or a model for each genus. */
import { spawn } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Option } from 'commander'
import { FolderLock, writeFileAtomic } from '../data/index.js'
import type { Settings } from '../model/index.js'
import type { ChosenDevice, DeviceArguments } from './deviceOptions.js'
import { exitCodes } from './failure.js'
import { interrupted, interruptedBy } from './interrupt.js'
import { wholeNumber } from './options.js'
import { say, startProgress } from './progress.js'
import { flagsOf } from './settingFlags.js'

/** How a training ended: done, interrupted (it can go on), or failed, with what it said. */
export type Outcome = 'done' | 'interrupted' | { readonly failed: string }

/** A training: what messages call it, its settings, and its run directory. */
export type Training = { readonly name: string; readonly settings: Settings; readonly run: string }

const main = fileURLToPath(new URL('./main.js', import.meta.url))

/**
 * Train in a process of its own, without progress. When this process is interrupted, the training is, too: it writes its
 * checkpoint and ends. `deviceFlags`: how its device is chosen and opened.
 */
function trainInProcess(settings: Settings, deviceFlags: readonly string[]): Promise<Outcome> {
  const args = [main, 'train', '--quiet', '--mpi=off', ...flagsOf(settings), ...deviceFlags]
  // In a group of its own, so that Ctrl-C on the terminal reaches it once, from here.
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const interrupt = () => child.kill(interruptedBy())
  const kill = () => child.kill('SIGKILL')
  interrupted.addEventListener('abort', interrupt)
  process.once('exit', kill)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      interrupted.removeEventListener('abort', interrupt)
      process.removeListener('exit', kill)
      if (code === exitCodes.ok) resolve('done')
      else if (interrupted.aborted) resolve('interrupted')
      else
        resolve({
          failed:
            said
              .trim()
              .split('\n')
              .at(-1)
              ?.replace(/^xenograd: /, '') || `ended by ${signal ?? `exit code ${code}`}`,
        })
    })
  })
}

/**
 * Trainings, `processes` at a time, in their order; none begins after an interrupt. `onEnd`: called when one has ended.
 * Returns the outcome of each that began.
 */
async function trainAll(
  trainings: readonly Training[],
  processes: number,
  deviceFlags: readonly string[],
  onEnd: (training: Training, outcome: Outcome) => Promise<void>,
): Promise<Map<Training, Outcome>> {
  const outcomes = new Map<Training, Outcome>()
  const left = trainings.values()
  async function work(): Promise<void> {
    while (!interrupted.aborted) {
      const { value: training } = left.next()
      if (training === undefined) return
      const outcome = await trainInProcess(training.settings, deviceFlags)
      outcomes.set(training, outcome)
      await onEnd(training, outcome)
    }
  }
  await Promise.all(Array.from({ length: Math.min(processes, trainings.length) }, work))
  return outcomes
}

/** What stands in a run's folder when its end was seen: the settings that it ended with. */
const marker = (run: string): string => join(run, 'finished.json')

async function isFinished({ run, settings }: Training): Promise<boolean> {
  if (settings.fresh) return false
  const text = await readFile(marker(run), 'utf8').catch(() => '')
  return text === JSON.stringify(settings)
}

/** `--processes`, for commands that train several models. */
export const processesOption = (): Option =>
  new Option('--processes <n>', 'trainings at once (default: the cores over --threads, or 1)').argParser(
    wholeNumber(1),
  )

/** How trainings share the machine. */
export type ProcessFlags = DeviceArguments & {
  readonly processes?: number
  readonly threads?: number
  readonly quiet?: boolean
}

/**
 * Train what is not finished, several at once, with progress on stderr. Returns how each training ended; undefined for
 * those that did not begin, because of an interrupt.
 *
 * `folder`: where all runs are; no other process may train several there meanwhile. Undefined: others may train other runs.
 * @throws FolderInUseError while another one does.
 */
export async function trainUnfinished(
  folder: string | undefined,
  trainings: readonly Training[],
  { processes, quiet = false, threads, device: deviceFlag }: ProcessFlags,
  { name, options }: ChosenDevice,
): Promise<(Outcome | undefined)[]> {
  const finished = await Promise.all(trainings.map(isFinished))
  const left = trainings.filter((_, i) => !finished[i])
  const cores = availableParallelism()
  const perTraining = threads ?? (processes ? Math.max(1, Math.floor(cores / processes)) : 1)
  const atOnce = processes ?? Math.max(1, Math.floor(cores / perTraining))
  const withThreads = name === 'wasm' ? { ...options, threads: perTraining } : options
  const deviceFlags = [
    ...(deviceFlag ? [`--device=${deviceFlag}`] : []),
    ...Object.entries(withThreads).map(([option, value]) => `--device-option=${option}=${value}`),
  ]
  if (!quiet)
    say(
      `${trainings.length} trainings, ${trainings.length - left.length} of them finished; ${atOnce} at once, ${perTraining} threads each`,
    )
  if (left.length === 0) return trainings.map(() => 'done')
  if (folder !== undefined) await mkdir(folder, { recursive: true })
  const lock = folder === undefined ? undefined : await FolderLock.take(folder)
  const progress = startProgress(left.length, { quiet, goal: `the end of ${left.length} trainings` })
  let ended = 0
  try {
    const outcomes = await trainAll(left, atOnce, deviceFlags, async ({ name, run, settings }, outcome) => {
      if (outcome === 'done') await writeFileAtomic(marker(run), JSON.stringify(settings))
      const state = typeof outcome === 'string' ? outcome : `failed: ${outcome.failed}`
      const line = `${name}: ${state}`
      if (typeof outcome !== 'string') say(line)
      else progress.say(line)
      progress.update(++ended, `${ended} of ${left.length} trainings`)
    })
    return trainings.map((training, i) => (finished[i] ? 'done' : outcomes.get(training)))
  } finally {
    progress.stop()
    lock?.release()
  }
}
