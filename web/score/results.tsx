import { useMemo, useState } from 'preact/hooks'
import { defaultRate } from '../../eval/index.js'
import { count as counted } from '../ui/format.js'
import type { OwnModels } from '../work/index.js'
import { Calls } from './calls.js'
import { Density } from './density.js'
import { saveAs, stemOf } from './download.js'
import { binCount } from './histogram.js'
import type { ScoredReads } from './scoredReads.js'
import { callNames, lengthRange, medianLength, type Range, scoreRange, summarise } from './summary.js'
import { ReadsTable } from './table.js'
import { RateAtLength, type Threshold } from './threshold.js'
import { OpenedRead } from './track.js'
import { tsvOf } from './tsv.js'
import { useSettled } from './useSettled.js'

type Props = {
  readonly reads: ScoredReads
  /** How many there are now. */
  readonly count: number
  readonly models: OwnModels | undefined
  /** Whether no more will come. */
  readonly isComplete: boolean
}

/** What is shown of scored reads: calls and their threshold, pictures, the table, files. */
export function Results({ reads, count, models, isComplete }: Props) {
  const [, setBy] = useState(reads.by)
  const [rate, setRate] = useState(defaultRate)
  const [chosenCutoff, setCutoff] = useState<number>()
  const [opened, setOpened] = useState<number>()
  const { columns } = reads.detector
  const { by, calibration } = reads
  const score = columns[by]
  // Of as many reads, by this score; kept while the threshold moves.
  const ranges = useMemo(() => rangesOf(reads), [reads, count, by])
  const atLength = useMemo(
    // Shorter reads have no p-values.
    () =>
      calibration &&
      new RateAtLength(
        calibration,
        Math.max(ranges.medianLength, calibration.lengths[0]),
        reads.detector.areSums[by],
      ),
    [calibration, ranges, by],
  )
  const threshold = useMemo(
    (): Threshold =>
      calibration ? { kind: 'rate', rate } : { kind: 'score', cutoff: chosenCutoff ?? ranges.usualCutoff },
    [calibration, rate, chosenCutoff, ranges],
  )
  const summaryOf = (of: Threshold) => ({
    ...summarise(reads, of, ranges.score, binCount),
    threshold: of,
    cutoff: of.kind === 'rate' ? (atLength?.cutoffAt(of.rate) ?? Number.NaN) : of.cutoff,
  })
  const summary = useMemo(() => summaryOf(threshold), [reads, count, by, threshold, ranges])
  const settled = useSettled(threshold, settleTime)
  const settledSummary = useMemo(
    () => (settled.kind === threshold.kind ? summaryOf(settled) : summary),
    [reads, count, by, settled, threshold.kind, ranges],
  )
  const labels = calibration ? callNames : uncalibratedLabels
  const stem = stemOf(reads.fileNames[0])
  const shared = { reads, count, labels, score }
  const density = { ...shared, ...settledSummary, scoreRange: ranges.score }
  return (
    <>
      <Calls
        {...shared}
        {...summary}
        atLength={atLength}
        file={`${stem}.${score}`}
        onRate={setRate}
        onCutoff={setCutoff}
        onScore={column => {
          reads.callBy(column)
          setCutoff(undefined)
          setBy(column)
        }}
      />
      <div class="pair">
        <Density {...density} against="gc" xRange={gcRange} file={`${stem}.${score}.gc`} />
        <Density {...density} against="length" xRange={ranges.length} file={`${stem}.${score}.length`} />
      </div>
      <ReadsTable
        {...shared}
        threshold={threshold}
        opened={opened}
        onOpen={read => setOpened(read === opened ? undefined : read)}
      />
      {opened !== undefined && (
        <OpenedRead
          reads={reads}
          read={opened}
          models={models}
          file={`${stem}.track`}
          onClose={() => setOpened(undefined)}
        />
      )}
      <section class="files" aria-labelledby="files-title">
        <h2 id="files-title">Take it with you</h2>
        <button
          type="button"
          class="primary"
          onClick={() => void saveAs(`${stem}.scores.tsv`, () => tsvOf(reads, rate))}
        >
          Download the table
        </button>
        <p class="note">
          {isComplete
            ? `Tab-separated, ${counted(count)} reads, every score with all digits. On the command line, the same bytes:`
            : `Tab-separated, the ${counted(count)} reads so far, every score with all digits. On the command line, of all:`}
        </p>
        <pre class="formula">{commandLine(reads, rate, models)}</pre>
      </section>
    </>
  )
}

/** How long a threshold rests before all pictures follow it, in milliseconds. */
const settleTime = 80

const gcRange: Range = [0, 1]

/** Without a calibration nothing is called; reads are counted on both sides. */
const uncalibratedLabels = ['above', 'below', 'NA'] as const

function rangesOf(reads: ScoredReads) {
  const score = scoreRange(reads)
  const [shortest, longest] = lengthRange(reads)
  return {
    score,
    length: [0.9 * shortest, 1.1 * longest] as Range,
    medianLength: medianLength(reads),
    // Where likelihoods are the same, if that is among the scores.
    usualCutoff: score[0] < 0 && score[1] > 0 ? 0 : (score[0] + score[1]) / 2,
  }
}

/** What gives the same table. */
function commandLine(reads: ScoredReads, rate: number, models: OwnModels | undefined): string {
  const { detector, by, calibration, fileNames } = reads
  return [
    // The page has no BLAS library; with one, last digits differ.
    'xenograd score --blas off',
    ...(models ? [`-m ${quoted(models.foreground.name)}`] : []),
    ...(models?.background ? [`-b ${quoted(models.background.name)}`] : []),
    ...(by === detector.main ? [] : [`--by ${detector.columns[by]}`]),
    ...(calibration && rate !== defaultRate ? [`--fpr ${rate}`] : []),
    ...fileNames.map(quoted),
  ].join(' ')
}

const quoted = (name: string): string =>
  /^[\w.+@%,=:-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`
