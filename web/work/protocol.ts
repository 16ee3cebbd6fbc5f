import type { ExamineInput, ExamineReport } from './examine.js'
import type { ScoreInput, ScoreReport, ScoreResult } from './score.js'
import type { TrackInput, TrackResult } from './track.js'
import type { TrainControl, TrainInput, TrainReport, TrainResult } from './train.js'

/** All tasks that a worker can do, by name. A new one: its types here, its function in `worker.ts`. */
export type Tasks = {
  /** Scores reads of files with a detector. */
  score: { input: ScoreInput; report: ScoreReport; result: ScoreResult; control: never }
  /** The likelihood ratio along one read. */
  track: { input: TrackInput; report: never; result: TrackResult; control: never }
  /** Runs, outlines and checks a user's cell. */
  examine: { input: ExamineInput; report: ExamineReport; result: undefined; control: never }
  /** Trains a cell on synthetic genera. */
  train: { input: TrainInput; report: TrainReport; result: TrainResult; control: TrainControl }
}

export type TaskName = keyof Tasks

/** From the page to a worker: first a task, then what is to become of it. */
export type Request =
  | {
      [N in TaskName]: { readonly kind: 'start'; readonly task: N; readonly input: Tasks[N]['input'] }
    }[TaskName]
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'stop' }
  /** Something of a running task is to change, such as the learning rate. */
  | { readonly kind: 'control'; readonly control: Tasks[TaskName]['control'] }

/** From a worker to the page: any number of reports, then one of the last two. */
export type Response =
  | { readonly kind: 'report'; readonly report: Tasks[TaskName]['report'] }
  | { readonly kind: 'done'; readonly result: Tasks[TaskName]['result'] }
  /** `name`: the error's, such as InputError or AbortError. */
  | { readonly kind: 'failed'; readonly name: string; readonly message: string }
