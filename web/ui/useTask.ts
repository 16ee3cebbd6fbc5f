import { useEffect, useRef, useState } from 'preact/hooks'
import { type RunningTask, startTask } from '../work/index.js'
import type { TaskName, Tasks } from '../work/protocol.js'

/** Where a view's task is. */
export type TaskStatus =
  | { readonly kind: 'idle' | 'running' | 'paused' | 'done' | 'stopped' }
  | { readonly kind: 'failed'; readonly message: string }

/** A view's task, one at a time. */
export type ViewTask<N extends TaskName> = {
  readonly status: TaskStatus
  /** Start it; one that runs is stopped first, and reports no more. */
  start(input: Tasks[N]['input']): void
  pause(): void
  resume(): void
  stop(): void
  control(change: Tasks[N]['control']): void
}

/** Called with what a task tells while it runs, and at its end. */
export type TaskHandlers<N extends TaskName> = {
  onReport(report: Tasks[N]['report']): void
  onDone?(result: Tasks[N]['result']): void
}

/** A task of a view: ends with the view. */
export function useTask<N extends TaskName>(name: N, handlers: TaskHandlers<N>): ViewTask<N> {
  const [status, setStatus] = useState<TaskStatus>({ kind: 'idle' })
  const task = useRef<RunningTask<N> | undefined>(undefined)
  const latest = useRef(handlers)
  latest.current = handlers
  useEffect(() => () => task.current?.stop(), [])
  return {
    status,
    start(input) {
      task.current?.stop()
      const started = startTask(name, input, report => {
        if (task.current === started) latest.current.onReport(report)
      })
      task.current = started
      setStatus({ kind: 'running' })
      started.result.then(
        result => {
          if (task.current !== started) return
          setStatus({ kind: 'done' })
          latest.current.onDone?.(result)
        },
        ({ name, message }: Error) => {
          if (task.current !== started) return
          setStatus(name === 'AbortError' ? { kind: 'stopped' } : { kind: 'failed', message })
        },
      )
    },
    pause() {
      task.current?.pause()
      setStatus({ kind: 'paused' })
    },
    resume() {
      task.current?.resume()
      setStatus({ kind: 'running' })
    },
    stop: () => task.current?.stop(),
    control: change => task.current?.control(change),
  }
}
