import { useEffect, useState } from 'preact/hooks'
import { count as counted, fixed } from '../ui/format.js'
import { FilterForm } from './filterForm.js'
import { everything, type Filter, orderedRows, type Sorting, type SortKey } from './order.js'
import type { ScoredReads } from './scoredReads.js'
import { callerOf } from './summary.js'
import type { Threshold } from './threshold.js'

const rowHeight = 34
const visibleRows = 14
/** Browsers show no elements of more pixels than some ten million; beyond it, a pixel is more than a 34th of a row. */
const mostPixels = 8_000_000

type Props = {
  readonly reads: ScoredReads
  /** How many there are now. */
  readonly count: number
  readonly threshold: Threshold
  /** Names of the calls. */
  readonly labels: readonly string[]
  /** The read that is open. */
  readonly opened: number | undefined
  readonly onOpen: (read: number) => void
}

/** All reads, of which a window is drawn: sorted by a click on a column, filtered by a form. */
export function ReadsTable({ reads, count, threshold, labels, opened, onOpen }: Props) {
  const [filter, setFilter] = useState<Filter>(everything)
  const [sorting, setSorting] = useState<Sorting>({ key: 'file order', descending: false })
  const { rows, isCurrent } = useOrder(reads, count, filter, sorting, threshold)
  const [top, setTop] = useState(0)
  const pixels = Math.min(mostPixels, rows.length * rowHeight)
  const below = Math.max(0, rows.length - visibleRows)
  const scrollable = Math.max(1, pixels - visibleRows * rowHeight)
  const position = Math.min(1, top / scrollable) * below
  const first = Math.floor(position)
  const shown = rows.subarray(first, first + visibleRows + 1)
  const sortBy = (key: SortKey): void => {
    if (sorting.key !== key) setSorting({ key, descending: false })
    else if (!sorting.descending) setSorting({ key, descending: true })
    else setSorting({ key: 'file order', descending: false })
  }
  const callOf = callerOf(reads, threshold)
  const { columns } = reads.detector
  const header = (key: SortKey, title: string, isNumber = true) => (
    <th
      scope="col"
      class={isNumber ? 'number' : undefined}
      aria-sort={sorting.key !== key ? 'none' : sorting.descending ? 'descending' : 'ascending'}
    >
      <button type="button" class="sort" onClick={() => sortBy(key)}>
        {title}
        <span aria-hidden="true">{sorting.key !== key ? '' : sorting.descending ? ' ↓' : ' ↑'}</span>
      </button>
    </th>
  )
  return (
    <section class="reads" aria-labelledby="reads-title" aria-busy={!isCurrent}>
      <h2 id="reads-title">Reads</h2>
      <FilterForm score={columns[reads.by]} labels={labels} filter={filter} onFilter={setFilter} />
      <p class="note" role="status">
        {rows.length === count
          ? `${counted(count)} reads`
          : `${counted(rows.length)} of ${counted(count)} reads`}
        {'. Open one to see where along it the evidence lies.'}
      </p>
      <section
        class="window"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        tabIndex={0}
        aria-label="Table of reads"
        onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
      >
        <div style={{ height: `${pixels + rowHeight + 2}px` }}>
          <div class="pane">
            <table aria-rowcount={rows.length + 1}>
              <thead>
                <tr aria-rowindex={1}>
                  {header('name', 'read', false)}
                  {header('length', 'length')}
                  {header('gc', 'GC')}
                  {header('score', columns[reads.by])}
                  {reads.calibration && header('p', 'p')}
                  {header('call', 'call', false)}
                </tr>
              </thead>
              <tbody style={{ transform: `translateY(${-(position - first) * rowHeight}px)` }}>
                {Array.from(shown, (read, i) => {
                  const { length, known, gc } = reads.composition(read)
                  const call = callOf(read)
                  return (
                    <tr
                      key={read}
                      aria-rowindex={first + i + 2}
                      class={read === opened ? 'opened' : undefined}
                    >
                      <td class="name">
                        <button
                          type="button"
                          aria-expanded={read === opened}
                          aria-controls="opened-read"
                          title={reads.name(read)}
                          onClick={() => onOpen(read)}
                        >
                          {reads.name(read)}
                        </button>
                      </td>
                      <td class="number">{counted(length)}</td>
                      <td class="number">{fixed(gc / known, 2)}</td>
                      <td class="number">{fixed(reads.scoresOf(read)[reads.by], 3)}</td>
                      {reads.calibration && <td class="number">{fixed(reads.p[read], 4)}</td>}
                      <td class={`call-${call}`}>{labels[call]}</td>
                    </tr>
                  )
                })}
              </tbody>
            </table>
          </div>
        </div>
      </section>
    </section>
  )
}

/** Between two orders of reads that are still being scored, in milliseconds. */
const patience = 1000

/** The rows in their order, which follows what is asked for at once, and new reads now and then; and whether it has. */
function useOrder(
  reads: ScoredReads,
  count: number,
  filter: Filter,
  sorting: Sorting,
  threshold: Threshold,
): { readonly rows: Uint32Array; readonly isCurrent: boolean } {
  const [ordered, setOrdered] = useState({ rows: new Uint32Array(), wanted: '', of: 0, time: 0 })
  // What rows do not depend on must not have them ordered anew.
  const byCall = filter.call !== 'all' || sorting.key === 'call' ? JSON.stringify(threshold) : ''
  const wanted = JSON.stringify([reads.by, filter, sorting, byCall])
  useEffect(() => {
    const aborting = new AbortController()
    const wait = ordered.wanted === wanted ? ordered.time + patience - performance.now() : 0
    const timer = setTimeout(
      async () => {
        try {
          const rows = await orderedRows(reads, filter, sorting, threshold, aborting.signal)
          if (!aborting.signal.aborted) setOrdered({ rows, wanted, of: count, time: performance.now() })
        } catch (error) {
          if (!aborting.signal.aborted) throw error
        }
      },
      Math.max(0, wait),
    )
    return () => {
      clearTimeout(timer)
      aborting.abort()
    }
  }, [reads, count, wanted])
  return { rows: ordered.rows, isCurrent: ordered.wanted === wanted && ordered.of === count }
}
