/** The view `#score`: a file of reads is scored by the detector that comes with the page, in a worker. */
import { useState } from 'preact/hooks'
import { FileInput } from '../ui/fileInput.js'
import { count, fixed, percent } from '../ui/format.js'
import { TaskControls } from '../ui/taskControls.js'
import { useTask } from '../ui/useTask.js'
import type { ScoredRead, ScoreReport } from '../work/index.js'

/** The reads that are shown as a table. */
const shown = 20

/** The share of reads of known genera that may be called unknown, as the command line has it by default. */
const falsePositiveRate = 0.05

type Opened = Extract<ScoreReport, { kind: 'opened' }>

export function ScoreView() {
  const [name, setName] = useState('')
  const [opened, setOpened] = useState<Opened>()
  const [first, setFirst] = useState<readonly ScoredRead[]>([])
  const [totals, setTotals] = useState({ reads: 0, unknown: 0, fraction: 0 })
  const [seconds, setSeconds] = useState<number>()
  const task = useTask('score', {
    onReport(report) {
      if (report.kind === 'opened') return setOpened(report)
      const unknown = report.reads.filter(read => read.p <= falsePositiveRate).length
      setFirst(rows => (rows.length < shown ? [...rows, ...report.reads].slice(0, shown) : rows))
      setTotals(sum => ({
        reads: sum.reads + report.reads.length,
        unknown: sum.unknown + unknown,
        fraction: report.fraction,
      }))
    },
    onDone: result => setSeconds(result.seconds),
  })
  const open = (file: File): void => {
    setName(file.name)
    setOpened(undefined)
    setFirst([])
    setTotals({ reads: 0, unknown: 0, fraction: 0 })
    setSeconds(undefined)
    task.start({ reads: file, name: file.name })
  }
  return (
    <>
      <h1>What is unknown in your reads?</h1>
      <p class="lead">
        The detector that comes with this page knows ten genera of bacteria. A read scores low where it
        resembles none of them, and is called unknown where few known ones score as low. Everything happens in
        this tab: <strong>no read leaves your device.</strong>
      </p>
      <FileInput label="Choose a file" onFile={open}>
        <p>or drop it here: FASTA or FASTQ, plain or gzip</p>
      </FileInput>
      <TaskControls task={task} />
      {task.status.kind !== 'idle' && task.status.kind !== 'failed' && (
        <Progress
          name={name}
          fraction={task.status.kind === 'done' ? 1 : totals.fraction}
          device={opened?.device}
        />
      )}
      {totals.reads > 0 && (
        <dl class="figures">
          <Figure title="reads" value={count(totals.reads)} />
          <Figure title="called unknown" value={count(totals.unknown)} />
          <Figure title="of all" value={percent(totals.unknown / totals.reads)} />
          {seconds !== undefined && <Figure title="reads per second" value={count(totals.reads / seconds)} />}
        </dl>
      )}
      {opened && first.length > 0 && <FirstReads opened={opened} reads={first} />}
    </>
  )
}

type ProgressProps = { readonly name: string; readonly fraction: number; readonly device: string | undefined }

const Progress = ({ name, fraction, device }: ProgressProps) => (
  <div class="progress">
    <label for="progress">{name}</label>
    <progress id="progress" value={fraction} />
    <p class="note">{device ?? 'opening the detector …'}</p>
  </div>
)

const Figure = ({ title, value }: { readonly title: string; readonly value: string }) => (
  <div>
    <dt>{title}</dt>
    <dd>{value}</dd>
  </div>
)

function FirstReads({ opened, reads }: { readonly opened: Opened; readonly reads: readonly ScoredRead[] }) {
  const { columns, main } = opened
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="scroll" tabIndex={0} aria-label="Scores of the first reads">
      <table>
        <caption>The first {count(reads.length)} reads</caption>
        <thead>
          <tr>
            <th scope="col">read</th>
            <th scope="col" class="number">
              length
            </th>
            <th scope="col" class="number">
              GC
            </th>
            <th scope="col" class="number">
              {columns[main]}
            </th>
            <th scope="col" class="number">
              p
            </th>
            <th scope="col">call</th>
          </tr>
        </thead>
        <tbody>
          {reads.map(({ name, length, gc, scores, p }, i) => (
            <tr key={`${i} ${name}`}>
              <td class="name">{name}</td>
              <td class="number">{count(length)}</td>
              <td class="number">{fixed(gc, 2)}</td>
              <td class="number">{fixed(scores[main], 3)}</td>
              <td class="number">{fixed(p, 3)}</td>
              <td>{Number.isNaN(p) ? 'NA' : p <= falsePositiveRate ? <strong>unknown</strong> : 'known'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
