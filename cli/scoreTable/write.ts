import { encoderFor, type Read, type Shard } from '../../data/index.js'
import { callOf, defaultRate, readColumns, tableHeader, tableLine } from '../../eval/index.js'
import type { DetectorScores, Track } from '../../model/index.js'
import type { InputFiles } from '../input.js'
import { openSideFile, type SideFile, writeTable } from '../output.js'
import { type ScoringProgress, scoreInOrder } from '../scoring.js'
import { type RowsToCall, type UncalledRow, withFalseDiscoveryRate, withRate } from './calls.js'
import { type Entry, pairedEntries, singleEntries } from './entries.js'
import {
  entryRow,
  type Groups,
  groupColumns,
  type ReadEvidence,
  type ScoresOfTable,
  scoredEntry,
} from './rows.js'
import { bedGraph, trackHeader } from './track.js'

/** What the command line says of the table and of the files beside it. */
export type TableFlags = {
  readonly output: string
  readonly paired?: boolean
  readonly fpr?: number
  readonly bh?: boolean
  readonly keep?: 'known' | 'unknown'
  readonly shard?: Shard
  readonly readsOut?: string
  readonly track?: string
}

export type ScoreTable = TableFlags & {
  /** Entries that are scored together, at most. */
  readonly batch: number
  readonly detector: DetectorScores
  readonly table: ScoresOfTable
  readonly input: InputFiles
  readonly progress: ScoringProgress
  /** A row for each of these instead of one for each entry. */
  readonly groups?: Groups
  /** Whether there is a column that says where a read is from. */
  readonly hasFiles: boolean
}

/**
 * Scores an input and writes the table, and beside it the track and the reads that are kept: each whole or not at all.
 * @throws InputError for a damaged read, AbortError when the user interrupts, Error for a file that cannot be written.
 */
export async function writeScores(job: ScoreTable): Promise<void> {
  const { output, track, readsOut, fpr = defaultRate, bh = false } = job
  const sideFiles: SideFile[] = []
  const openBeside = async (path: string) => {
    const file = await openSideFile(path)
    sideFiles.push(file)
    return file
  }
  try {
    const tracks = track === undefined ? undefined : await openBeside(track)
    const kept = readsOut === undefined ? undefined : await openBeside(readsOut)
    if (hasHeader(job) && job.detector.tracked) await tracks?.write(trackHeader(job.detector.tracked))
    const uncalled = uncalledRows(job, tracks)
    const rows = bh ? withFalseDiscoveryRate(uncalled, fpr) : withRate(uncalled, fpr)
    await writeTable(output, tableOf(job, rows, kept))
    for (const file of sideFiles) await file.commit()
  } finally {
    for (const file of sideFiles) await file.abort()
  }
}

/** Files of shards are put together as they are: only those of the first one have header lines. */
const hasHeader = ({ shard }: TableFlags): boolean => shard === undefined || shard.index === 1

/** The lines of the table; rows whose calls are asked for go to `kept`. */
async function* tableOf(
  job: ScoreTable,
  groupsOfRows: AsyncIterable<RowsToCall>,
  kept: SideFile | undefined,
): AsyncGenerator<string> {
  const { table, groups, hasFiles, keep } = job
  const { tally } = job.progress
  const { names, calibration } = table
  const columns = groups ? groupColumns(names) : readColumns(names)
  if (hasHeader(job)) yield tableHeader(columns, calibration !== undefined, hasFiles && !groups)
  for await (const { rows, threshold } of groupsOfRows) {
    const lines = rows.map(row => {
      if (!calibration) return tableLine(row, undefined)
      const call = callOf(row.p, threshold)
      tally.calls[call]++
      return tableLine(row, call)
    })
    yield lines.join('')
    if (kept === undefined) continue
    for (const { p, records } of rows)
      if (callOf(p, threshold) === keep) for (const record of records) await kept.write(record)
  }
}

/** The rows of the table before they are called, as they are scored; those of groups at the end. */
async function* uncalledRows(
  { detector, table, input, progress, groups, paired = false, batch, hasFiles, readsOut }: ScoreTable,
  tracks: SideFile | undefined,
): AsyncGenerator<UncalledRow[]> {
  const encode = readsOut === undefined ? undefined : await encoderFor(readsOut)
  const entries = paired ? pairedEntries(input) : singleEntries(input)
  const isOfGenera = detector.tracked === 'log odds of genera'
  const scoring = {
    batch,
    fragmentsOf: ({ reads }: Entry) => reads.map(read => read.bases),
    score: (fragments: readonly Uint8Array[]) =>
      scoreReads(detector, fragments, {
        tracks: tracks !== undefined,
        evidence: paired || groups !== undefined,
      }),
  }
  for await (const group of scoreInOrder(counted(entries, progress), scoring)) {
    const rows: UncalledRow[] = []
    let bases = 0
    for (const { item, scores } of group) {
      const scored = scoredEntry(item, scores, table)
      bases += scored.composition.length
      for (const [i, read] of item.reads.entries()) {
        const { scores: ofRead, track } = scores[i]
        progress.tally.add(read, ofRead[table.main])
        if (tracks && track)
          for (const lines of bedGraph(read.name, track, isOfGenera)) await tracks.write(lines)
      }
      if (groups) groups.add(scored)
      else rows.push(entryRow(scored, hasFiles, encode ? item.reads.map(read => encode(read)) : []))
    }
    progress.scored(bases)
    if (rows.length) yield rows
  }
  if (groups) yield groups.rows()
}

/** Scores of reads, and what else is wanted of them: how they come about base by base, what each genus has to say. */
async function scoreReads(
  detector: DetectorScores,
  reads: readonly Uint8Array[],
  wanted: { readonly tracks: boolean; readonly evidence: boolean },
): Promise<(ReadEvidence & { readonly track?: Track | undefined })[]> {
  // Asked for before the scores, so that networks make one pass for both.
  const tracks = wanted.tracks ? detector.tracks(reads) : undefined
  tracks?.catch(() => {}) // thrown where it is waited for
  const scores = await detector.score(reads)
  const evidence = wanted.evidence ? await detector.evidence(reads) : undefined
  const tracked = await tracks
  return scores.map((ofRead, i) => ({
    scores: ofRead,
    ...(evidence && { summed: evidence[i] }),
    track: tracked?.[i],
  }))
}

/** The same entries, counted as they are read. */
async function* counted(entries: AsyncIterable<Entry>, progress: ScoringProgress): AsyncGenerator<Entry> {
  for await (const entry of entries) {
    progress.read(entry.reads.reduce((sum: number, read: Read) => sum + read.bases.length, 0))
    yield entry
  }
}
