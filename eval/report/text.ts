import type { Evaluation } from '../evaluate.js'
import type { LoggedAuroc } from '../trainingCurve.js'
import {
  allTables,
  groupTable,
  loggedTable,
  narrowTables,
  reportText,
  scoreTables,
  type Table,
} from './tables.js'

/**
 * The evaluation as fixed-width text for a terminal: a line for each score, all but the table of genera. Ends in a
 * newline.
 */
export function formatTable(evaluation: Evaluation, logged: readonly LoggedAuroc[] = []): string {
  const { sizes, method } = reportText(evaluation)
  const tables = [
    ...scoreTables(evaluation),
    ...groupTable(evaluation, 'relation'),
    ...groupTable(evaluation, 'length'),
    ...loggedTable(logged),
  ]
  const parts = tables
    .flatMap(narrowTables)
    .flatMap(({ header, rows }) => ['', ...columns([header, ...rows]).map(row => row.trimEnd())])
  return [sizes, ...parts, '', method, ''].join('\n')
}

/** The evaluation as Markdown: all tables, with their titles. Ends in a newline. */
export function formatMarkdown(evaluation: Evaluation, logged: readonly LoggedAuroc[] = []): string {
  const { sizes, method } = reportText(evaluation)
  const tables = allTables(evaluation, logged).map(({ title, header, rows }: Table) => {
    const cells = [header, ...rows].map(row => row.map(escapeMarkdown))
    const rule = header.map(() => '---')
    return [`### ${escapeMarkdown(title)}`, '', ...[cells[0], rule, ...cells.slice(1)].map(markdownRow)].join(
      '\n',
    )
  })
  return `${[sizes, ...tables, escapeMarkdown(method)].join('\n\n')}\n`
}

const markdownRow = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** Text that means itself in a cell of a table, brackets included. */
const escapeMarkdown = (text: string): string => text.replace(/[\\|`*_<>&#]/g, character => `\\${character}`)

/** Lines of cells, each column as wide as its widest cell. */
function columns(lines: readonly (readonly string[])[]): string[] {
  const widths = lines[0].map((_, column) => Math.max(...lines.map(line => line[column].length)))
  return lines.map(line => line.map((cell, column) => cell.padEnd(widths[column] + 3)).join(''))
}
