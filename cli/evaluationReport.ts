import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { InputError, writeFileAtomic } from '../data/index.js'
import {
  type Evaluation,
  type EvaluationReads,
  evaluationPage,
  evaluationPlot,
  formatMarkdown,
  formatTable,
  formatTsv,
  meanLoggedAuroc,
  type StepWindow,
  type TrainingCurve,
  trainingCurve,
} from '../eval/index.js'
import { RunDirectory, runIn } from '../model/index.js'

/** Where to write what an evaluation has found, and the trainings whose curves it shows. */
export type ReportFlags = {
  json?: string
  table?: string
  markdown?: string
  plot?: string
  html?: string
  runs?: string[]
  window?: StepWindow
}

/** What the report says of where the scores come from. */
export type ReportSource = {
  title: string
  /** Unit of the scores, if all have one. */
  unit?: string
  /** Facts by name: the files of the models, or of the table. */
  facts: Readonly<Record<string, string | undefined>>
}

/**
 * Writes the files that the flags name, and prints the table.
 * @throws InputError for a run directory without metrics.
 */
export async function writeReport(
  reads: EvaluationReads,
  evaluation: Evaluation,
  { title, unit, facts }: ReportSource,
  { json, table, markdown, plot, html, runs = [], window }: ReportFlags,
): Promise<void> {
  const curves = await Promise.all(runs.map(readCurve))
  const logged = curves.map(curve => meanLoggedAuroc(curve, window))
  const options = { title, ...(unit !== undefined && { unit }) }
  if (json !== undefined) {
    const found = { ...facts, ...evaluation, ...(logged.length && { loggedAurocs: logged }) }
    await writeFileAtomic(json, `${JSON.stringify(found, undefined, 2)}\n`)
  }
  if (table !== undefined) await writeFileAtomic(table, formatTsv(evaluation, logged))
  if (markdown !== undefined) await writeFileAtomic(markdown, formatMarkdown(evaluation, logged))
  if (plot !== undefined) await writeFileAtomic(plot, await evaluationPlot(reads, evaluation, options))
  if (html !== undefined) {
    const notes = Object.entries(facts).flatMap(([name, fact]) =>
      fact === undefined ? [] : `${name}: ${fact}`,
    )
    await writeFileAtomic(
      html,
      await evaluationPage(reads, evaluation, { ...options, notes, curves, logged }),
    )
  }
  process.stdout.write(formatTable(evaluation, logged))
}

/** The curve of a training. @throws InputError when the folder is not that of a run, or of several. */
async function readCurve(folder: string): Promise<TrainingCurve> {
  const run = await runIn(folder)
  const isRun = await stat(join(run, 'metrics.jsonl')).then(
    info => info.isFile(),
    () => false,
  )
  if (!isRun) throw new InputError(`${run}: has no metrics.jsonl; give the directory of a training`)
  const directory = await RunDirectory.open(run)
  return trainingCurve(basename(run), await directory.readMetrics())
}

/**
 * Genera that are near the in-distribution ones: a list with commas, or a file with one a line.
 * @throws InputError for a file that cannot be read.
 */
export async function nearGenera(list: string): Promise<string[]> {
  const isFile = await stat(list).then(
    info => info.isFile(),
    () => false,
  )
  const text = isFile ? await readFile(list, 'utf8') : list
  return text
    .split(isFile ? /\r?\n/ : ',')
    .map(name => name.trim())
    .filter(name => name !== '')
}
