/**
 * The view `#score`: reads are scored by the detector that comes with the page, or by one of the user's own, in a worker.
 * `source` asks for reads (or has an `example`); a task reports them in batches, which `scoredReads` keeps in typed arrays
 * (`growing`) here, and `progress` tells how far it is (by a `stopwatch`). `results` shows them: `summary` counts calls on
 * both sides of a `threshold`, in `calls` with its `histogram`; `density` has the score against GC content and length (once
 * the threshold has settled: `useSettled`); `table` has the rows in an `order`, through a `filterForm`; `track` follows one
 * read. Every `picture` (with a `legend`, in `colours`) is Observable Plot's, and can be had as a file (`download`), as can
 * the table (`tsv`).
 */
import './score.css'
import type { ComponentType } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { capabilities } from '../ui/capabilities.js'
import { notify } from '../ui/notices.js'
import { TaskControls } from '../ui/taskControls.js'
import { useTask } from '../ui/useTask.js'
import type { OwnModels } from '../work/index.js'
import { Progress } from './progress.js'
import type { Results } from './results.js'
import type { ScoredReads } from './scoredReads.js'
import { Source } from './source.js'
import { Stopwatch } from './stopwatch.js'

/** What is loaded when the first file is opened: drawing takes more code than the rest of the view. */
type Parts = {
  readonly Results: ComponentType<Parameters<typeof Results>[0]>
  readonly ScoredReads: typeof ScoredReads
}

const loadParts = async (): Promise<Parts> => {
  const [{ Results }, { ScoredReads }] = await Promise.all([
    import('./results.js'),
    import('./scoredReads.js'),
  ])
  return { Results, ScoredReads }
}

/** A scoring: what of, and what has come of it. */
type Job = {
  readonly names: readonly string[]
  readonly models: OwnModels | undefined
  readonly parts: Parts
  readonly watch: Stopwatch
  reads?: ScoredReads
  device?: string
  fraction: number
}

/** The page is drawn anew every so many milliseconds, at most, while reads come. */
const redrawEvery = 250

export function ScoreView() {
  const [models, setModels] = useState<OwnModels>()
  const [job, setJob] = useState<Job>()
  const redraw = useRedraw()
  const task = useTask('score', {
    onReport(report) {
      if (!job) return
      if (report.kind === 'warning') return notify('information', report.text)
      if (report.kind === 'opened') {
        job.device = report.device
        job.reads = new job.parts.ScoredReads(report.detector, job.names)
        job.watch.start()
      } else {
        job.reads?.append(report.file, report.rows)
        job.fraction = report.fraction
        job.watch.lap()
      }
      redraw()
    },
  })
  const open = async (files: readonly File[]): Promise<void> => {
    if (!capabilities().simd)
      return notify('error', 'Nothing can be scored in this browser: it has no WebAssembly SIMD.')
    task.stop()
    const parts = await loadParts()
    setJob({ names: files.map(file => file.name), models, parts, watch: new Stopwatch(), fraction: 0 })
    task.start({ files, ...(models && { models }) })
  }
  const pausable = {
    ...task,
    pause() {
      job?.watch.stop()
      task.pause()
    },
    resume() {
      task.resume()
      job?.watch.start()
    },
  }
  const { reads, parts } = job ?? {}
  return (
    <div class="score">
      <h1>What is unknown in your reads?</h1>
      <p class="lead">
        The detector that comes with this page knows ten genera of bacteria. A read scores low where it
        resembles none of them, and is called unknown where few known ones score as low. Everything happens in
        this tab: <strong>no read leaves your device.</strong>
      </p>
      <Source models={models} onModels={setModels} onFiles={files => void open(files)} />
      {job && (
        <>
          <Progress
            name={job.names.join(', ')}
            status={task.status}
            fraction={job.fraction}
            reads={reads?.count ?? 0}
            seconds={job.watch.seconds}
            device={job.device}
          />
          <TaskControls task={pausable} />
        </>
      )}
      {job && reads && parts && reads.count > 0 && (
        <parts.Results
          key={job}
          reads={reads}
          count={reads.count}
          models={job.models}
          isComplete={task.status.kind === 'done'}
        />
      )}
    </div>
  )
}

/** Has the view drawn again, soon, but not too often. */
function useRedraw(): () => void {
  const [, setVersion] = useState(0)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const last = useRef({ end: 0, wait: redrawEvery })
  useEffect(() => () => clearTimeout(timer.current), [])
  return () => {
    if (timer.current !== undefined) return
    const { end, wait } = last.current
    timer.current = setTimeout(
      () => {
        timer.current = undefined
        const start = performance.now()
        setVersion(version => version + 1)
        // Drawing takes a fifth of the time at most, however many reads there are.
        setTimeout(() => {
          const now = performance.now()
          last.current = { end: now, wait: Math.max(redrawEvery, 4 * (now - start)) }
        })
      },
      Math.max(0, end + wait - performance.now()),
    )
  }
}
