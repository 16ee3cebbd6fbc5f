import { count as counted, fixed, percent } from '../ui/format.js'
import { NumberField } from '../ui/numberField.js'
import { Histogram } from './histogram.js'
import type { ScoredReads } from './scoredReads.js'
import type { CallCounts, Histogram as Counts } from './summary.js'
import type { RateAtLength, Threshold } from './threshold.js'

type Props = {
  readonly reads: ScoredReads
  readonly counts: CallCounts
  readonly histogram: Counts
  readonly threshold: Threshold
  readonly cutoff: number
  readonly labels: readonly string[]
  readonly score: string
  readonly atLength: RateAtLength | undefined
  readonly file: string
  readonly onRate: (rate: number) => void
  readonly onCutoff: (cutoff: number) => void
  /** Calls are to rest on the score with this index. */
  readonly onScore: (column: number) => void
}

/** How many reads are known and unknown, and where the line between them is. */
export function Calls(props: Props) {
  const { reads, counts, histogram, threshold, cutoff, labels, score, atLength, file } = props
  const all = counts[0] + counts[1]
  const note =
    threshold.kind === 'rate'
      ? `${percentOf(threshold.rate)} false positives`
      : `threshold ${fixed(threshold.cutoff, 3)}`
  const [low, high] = histogram.range
  const { onRate, onCutoff } = props
  const drag = (to: number): void => (atLength ? onRate(atLength.rateUpTo(to)) : onCutoff(to))
  const move = (steps: number): void => {
    if (threshold.kind === 'rate') {
      if (atLength) onRate(atLength.moved(threshold.rate, steps))
    } else onCutoff(Math.min(high, Math.max(low, threshold.cutoff + (steps * (high - low)) / 200)))
  }
  return (
    <section aria-labelledby="calls-title">
      <h2 id="calls-title">Calls</h2>
      <dl class="figures" aria-live="off">
        <Figure title={labels[0]} value={counts[0]} all={all} call={0} />
        <Figure title={labels[1]} value={counts[1]} all={all} call={1} />
        {counts[2] > 0 && (
          <Figure title={atLength ? 'not called' : 'without a score'} value={counts[2]} call={2} />
        )}
        {threshold.kind === 'rate' && (
          <div>
            <dt>unknown by mistake, at most about</dt>
            <dd>{counted(threshold.rate * all)}</dd>
          </div>
        )}
      </dl>
      <div class="settings">
        <label>
          Calls rest on
          <select
            value={reads.by}
            onChange={({ currentTarget }) => props.onScore(Number(currentTarget.value))}
          >
            {reads.detector.columns.map((name, i) => (
              <option key={name} value={i}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {threshold.kind === 'rate' ? (
          <NumberField
            label="False-positive rate, %"
            min={0.01}
            max={99.99}
            step={0.01}
            value={Number((100 * threshold.rate).toFixed(2))}
            onCommit={percentage => {
              const rate = Number((percentage / 100).toFixed(4))
              if (rate > 0 && rate < 1) onRate(rate)
            }}
          />
        ) : null}
      </div>
      {reads.detector.genera && <p class="note">Known genera: {reads.detector.genera.join(', ')}</p>}
      <p class="note">
        {threshold.kind === 'rate'
          ? `The share of reads of known genera that is called unknown by mistake, by held-out fragments of like length. Drag the line, or move it with the arrow keys; it is drawn for reads of ${counted(atLength?.length ?? 0)} bases${calledNote(counts)}`
          : `${score} is not calibrated, so nothing is called: reads are counted on both sides of the line. Drag it, or move it with the arrow keys.`}
      </p>
      <Histogram
        histogram={histogram}
        counts={counts}
        score={score}
        labels={labels}
        cutoff={cutoff}
        note={note}
        file={file}
        valueText={`${note}: ${counted(counts[1])} reads ${labels[1]}, ${counted(counts[0])} ${labels[0]}`}
        onDrag={drag}
        onSteps={move}
      />
    </section>
  )
}

/** Why some reads have no call, if there are such. */
const calledNote = ([, , none]: CallCounts): string =>
  none > 0 ? '. Reads are not called that have no score, or are shorter than all that was calibrated.' : '.'

/** A rate with the decimals that it is moved by. */
const percentOf = (rate: number): string => `${Number((100 * rate).toFixed(2))} %`

type FigureProps = {
  readonly title: string
  readonly value: number
  /** Of how many it is a share; undefined for none. */
  readonly all?: number
  readonly call: 0 | 1 | 2
}

const Figure = ({ title, value, all, call }: FigureProps) => (
  <div>
    <dt>
      <span class={`swatch call-${call}`} aria-hidden="true" />
      {title}
    </dt>
    <dd>
      {counted(value)} {all !== undefined && all > 0 && <small>{percent(value / all)}</small>}
    </dd>
  </div>
)
