import { callOf, readColumns, readFields, tableHeader, tableLine } from '../../eval/index.js'
import type { ScoredReads } from './scoredReads.js'

/** Rows of a piece of the file. */
const together = 5000

/** The table, as `xenograd score` writes it with `--fpr rate`, byte for byte. The page stays awake meanwhile. */
export async function tsvOf(reads: ScoredReads, rate: number): Promise<Blob> {
  const { detector, calibration, count, fileNames, p } = reads
  const hasFile = fileNames.length > 1
  // Blobs lie outside of the tab's memory: a piece that is one needs none of it.
  const parts = [new Blob([tableHeader(readColumns(detector.columns), calibration !== undefined, hasFile)])]
  for (let start = 0; start < count; start += together) {
    const lines: string[] = []
    for (let read = start; read < Math.min(count, start + together); read++) {
      const row = {
        before: readFields(reads.name(read), reads.composition(read), reads.scoresOf(read)),
        p: p[read],
        after: hasFile ? [reads.fileOf(read)] : [],
      }
      lines.push(tableLine(row, calibration && callOf(row.p, rate)))
    }
    parts.push(new Blob([lines.join('')]))
    await new Promise(resolve => setTimeout(resolve))
  }
  return new Blob(parts, { type: 'text/tab-separated-values' })
}
