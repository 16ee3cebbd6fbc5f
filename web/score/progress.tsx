import { count } from '../ui/format.js'
import type { TaskStatus } from '../ui/useTask.js'

type Props = {
  /** What is scored. */
  readonly name: string
  readonly status: TaskStatus
  /** Of the bytes. */
  readonly fraction: number
  readonly reads: number
  /** Spent scoring, without pauses. */
  readonly seconds: number
  /** What computes. */
  readonly device: string | undefined
}

/** How far a scoring is, how fast it goes, and how long it will take. */
export function Progress({ name, status, fraction, reads, seconds, device }: Props) {
  const rate = seconds > 0 ? reads / seconds : 0
  const left = fraction > 0 ? (seconds * (1 - fraction)) / fraction : Number.NaN
  const parts = [
    ...(rate > 0 ? [`${count(Number(rate.toPrecision(2)))} reads per second`] : []),
    ...(isGoingOn(status) && left > 0 ? [`about ${duration(left)} left`] : []),
    ...(status.kind === 'paused' ? ['paused'] : []),
    ...(status.kind === 'stopped' ? ['stopped: what is scored so far stays'] : []),
    ...(status.kind === 'done' ? [`done in ${duration(seconds)}`] : []),
  ]
  return (
    <div class="progress">
      <label for="progress">{name}</label>
      <progress id="progress" value={status.kind === 'done' ? 1 : fraction} />
      <p class="note pace">
        {device === undefined && isGoingOn(status) ? 'Opening the detector…' : parts.join(' · ')}
      </p>
      {device !== undefined && <p class="note device">{device}</p>}
    </div>
  )
}

const isGoingOn = ({ kind }: TaskStatus): boolean => kind === 'running' || kind === 'paused'

/** Seconds as people say them: `3 s`, `12 min`, `2 h 5 min`. */
function duration(seconds: number): string {
  if (seconds < 10) return `${Math.max(0.1, seconds).toFixed(1)} s`
  if (seconds < 90) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
