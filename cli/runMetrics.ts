import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../data/index.js'
import { type MetricsLine, RunDirectory, runIn } from '../model/index.js'

/** The metrics that a training has logged, and its run directory. @throws InputError for a folder without such. */
export async function readRunMetrics(
  folder: string,
): Promise<{ readonly run: string; readonly lines: readonly MetricsLine[] }> {
  const run = await runIn(folder)
  const isRun = await stat(join(run, 'metrics.jsonl')).then(
    info => info.isFile(),
    () => false,
  )
  if (!isRun) throw new InputError(`${run}: has no metrics.jsonl; give the directory of a training`)
  return { run, lines: await (await RunDirectory.open(run)).readMetrics() }
}

/**
 * Lines of metrics as a table, a column for each metric that any line has and a header line; what a line lacks is empty.
 * An interval has two columns, `auroc_ci_low` and `auroc_ci_high`. No value has a comma, a tab or a quote in it.
 */
export function metricsTable(lines: readonly MetricsLine[], separator: ',' | '\t'): string {
  const rows = lines.map(line => new Map(Object.entries(line).flatMap(cellsOf)))
  const columns = [...new Set(rows.flatMap(row => [...row.keys()]))]
  const texts = rows.map(row => columns.map(column => row.get(column) ?? ''))
  return [columns, ...texts].map(cells => `${cells.join(separator)}\n`).join('')
}

/** The columns of an entry, with their texts. */
function cellsOf([name, value]: [string, MetricsLine[string]]): (readonly [string, string])[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return [[name, String(value)]]
  return value.map((x, i) => [`${name}_${['low', 'high'][i] ?? i}`, String(x)] as const)
}
