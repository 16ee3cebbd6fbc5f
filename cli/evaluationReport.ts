import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import {
  type Evaluation,
  type EvaluationReads,
  evaluationPage,
  evaluationPlot,
  formatMarkdown,
  formatTsv,
  type LoggedAuroc,
  meanLoggedAuroc,
  type StepWindow,
  type TrainingCurve,
  trainingCurve,
} from '../eval/index.js'
import { writeText } from './output.js'
import { readRunMetrics } from './runMetrics.js'

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
  facts: { readonly tables?: string; readonly foreground?: string; readonly background?: string | undefined }
}

/** Trainings that are shown beside the scores: their curves, and the means of the AUROCs that they logged. */
export type TrainingCurves = {
  readonly curves: readonly TrainingCurve[]
  readonly logged: readonly LoggedAuroc[]
}

/** The trainings that the flags name. @throws InputError for a run directory without metrics. */
export async function trainingCurves({ runs = [], window }: ReportFlags): Promise<TrainingCurves> {
  const curves = await Promise.all(runs.map(readCurve))
  return { curves, logged: curves.map(curve => meanLoggedAuroc(curve, window)) }
}

/** Writes the files that the flags name, each by itself: returns what was wrong with those that could not be written. */
export async function writeReport(
  reads: EvaluationReads,
  evaluation: Evaluation,
  { title, unit, facts }: ReportSource,
  { curves, logged }: TrainingCurves,
  { table, markdown, plot, html }: ReportFlags,
): Promise<string[]> {
  const options = { title, ...(unit !== undefined && { unit }) }
  const notes = Object.entries(facts).flatMap(([name, fact]) =>
    fact === undefined ? [] : `${name}: ${fact}`,
  )
  const files: [path: string | undefined, make: () => string | Promise<string>][] = [
    [table, () => formatTsv(evaluation, logged)],
    [markdown, () => formatMarkdown(evaluation, logged)],
    [plot, () => evaluationPlot(reads, evaluation, options)],
    [html, () => evaluationPage(reads, evaluation, { ...options, notes, curves, logged })],
  ]
  const failures: string[] = []
  for (const [path, make] of files)
    try {
      if (path !== undefined) await writeText(path, await make())
    } catch (error) {
      failures.push((error as Error).message)
    }
  return failures
}

/** The curve of a training. @throws InputError when the folder is not that of a run, or of several. */
async function readCurve(folder: string): Promise<TrainingCurve> {
  const { run, lines } = await readRunMetrics(folder)
  return trainingCurve(basename(run), lines)
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
