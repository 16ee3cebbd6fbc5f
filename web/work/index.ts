/**
 * Work that takes time, in workers: the folder's door, which pages import. `startTask` starts a `worker` and gives it a
 * task; `protocol` has all tasks and the messages between both. In the worker, the task's function (`score`, `track`, `train`,
 * `examine`) runs with a `task` context, through which it reports, pauses and stops. The text of a cell becomes one by
 * `userCell`: its types are stripped (`stripTypes`), and the worker is confined (`confine`) before it runs.
 */
import type { Request, Response, TaskName, Tasks } from './protocol.js'

export type { Outline, OutlinedKernel } from '../../engine/index.js'
export type { OwnModels } from './detector.js'
export type { CellProblem, ExamineReport } from './examine.js'
export { packedBytes, unpackBases } from './packedBases.js'
export type { RowBatch } from './rowBatch.js'
export type { OpenedDetector, ScoreReport, ScoreResult } from './score.js'
export type { TrackResult } from './track.js'
export type { TrainReport, TrainResult } from './train.js'

/** A task that runs in a worker of its own. */
export type RunningTask<N extends TaskName> = {
  /**
   * What it comes to. Rejects with an Error that has the name and the message of that in the worker; AbortError when it
   * was stopped.
   */
  readonly result: Promise<Tasks[N]['result']>
  pause(): void
  resume(): void
  /** End it: in order, or, where it does not answer (an endless loop in a user's cell), at once. */
  stop(): void
  /** Change something while it runs. */
  control(change: Tasks[N]['control']): void
}

/** How long a stopped task may take to end in order, in milliseconds. */
const patience = 1000

/** Start a task. `onReport` is called with each of its reports, in their order. */
export function startTask<N extends TaskName>(
  task: N,
  input: Tasks[N]['input'],
  onReport: (report: Tasks[N]['report']) => void,
): RunningTask<N> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  const post = (request: Request): void => worker.postMessage(request)
  let end = (_: Error): void => {}
  const result = new Promise<Tasks[N]['result']>((resolve, reject) => {
    end = error => {
      worker.terminate()
      reject(error)
    }
    worker.onmessage = ({ data }: MessageEvent<Response>) => {
      if (data.kind === 'report') return onReport(data.report)
      if (data.kind === 'failed') return end(namedError(data.name, data.message))
      worker.terminate()
      resolve(data.result)
    }
    worker.onerror = ({ message }) =>
      end(new Error(message || 'the worker cannot be loaded; load the page again'))
    worker.onmessageerror = () =>
      end(new Error('a message of the worker cannot be read; load the page again'))
  })
  post({ kind: 'start', task, input } as Request)
  return {
    result,
    pause: () => post({ kind: 'pause' }),
    resume: () => post({ kind: 'resume' }),
    stop() {
      post({ kind: 'stop' })
      setTimeout(() => end(namedError('AbortError', 'stopped')), patience)
    },
    control: control => post({ kind: 'control', control }),
  }
}

const namedError = (name: string, message: string): Error => Object.assign(new Error(message), { name })
