import type { TaskStatus } from './useTask.js'

type Props = {
  readonly task: { readonly status: TaskStatus; pause(): void; resume(): void; stop(): void }
}

/** Pause or go on, and stop, while a task runs; why it failed, if it did. */
export function TaskControls({ task }: Props) {
  const { status } = task
  if (status.kind === 'failed')
    return (
      <div class="notice error" role="alert">
        <p>{status.message}</p>
      </div>
    )
  if (status.kind !== 'running' && status.kind !== 'paused') return null
  const paused = status.kind === 'paused'
  return (
    <div class="buttons">
      <button type="button" onClick={paused ? task.resume : task.pause}>
        {paused ? 'Go on' : 'Pause'}
      </button>
      <button type="button" onClick={task.stop}>
        Stop
      </button>
    </div>
  )
}
