/** Trainings in processes of their own, several at a time: what `xenograd tune` does with its grid. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Settings } from '../model/index.js'
import { exitCodes } from './failure.js'
import { interrupted } from './interrupt.js'
import { flagsOf } from './settingFlags.js'

/** How a training ended: done, interrupted (it can go on), or failed, with what it said. */
export type Outcome = 'done' | 'interrupted' | { readonly failed: string }

const main = fileURLToPath(new URL('./main.js', import.meta.url))

/**
 * Train in a process of its own, without progress. When this process is interrupted, the training is, too: it writes its
 * checkpoint and ends. `deviceFlags`: how its device is chosen and opened.
 */
function trainInProcess(settings: Settings, deviceFlags: readonly string[]): Promise<Outcome> {
  const args = [main, 'train', '--quiet', ...flagsOf(settings), ...deviceFlags]
  // In a group of its own, so that Ctrl-C on the terminal reaches it once, from here.
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const interrupt = () => child.kill('SIGINT')
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
 * Returns the outcomes in the order of the trainings; undefined for those that did not begin.
 */
export async function trainAll(
  trainings: readonly Settings[],
  processes: number,
  deviceFlags: readonly string[],
  onEnd: (training: number, outcome: Outcome) => Promise<void>,
): Promise<(Outcome | undefined)[]> {
  const outcomes: (Outcome | undefined)[] = trainings.map(() => undefined)
  let next = 0
  async function work(): Promise<void> {
    while (next < trainings.length && !interrupted.aborted) {
      const i = next++
      const outcome = await trainInProcess(trainings[i], deviceFlags)
      outcomes[i] = outcome
      await onEnd(i, outcome)
    }
  }
  await Promise.all(Array.from({ length: Math.min(processes, trainings.length) }, work))
  return outcomes
}
