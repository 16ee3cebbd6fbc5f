import { constants, existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import {
  loadModel,
  type SavedModel,
  saveState,
  toReference,
  writeTensorFlowCheckpoint,
} from '../../model/index.js'
import { UsageError } from '../failure.js'
import { cellOption, describeModel, givenCell, modelSummary } from '../models.js'
import { writeText } from '../output.js'
import { say } from '../progress.js'
import { metricsTable, readRunMetrics } from '../runMetrics.js'
import { type ObjectOf, object, optional, text, truth, whole } from '../schema.js'
import { summarised } from '../summary.js'

const help = `
IN is a TensorFlow V2 checkpoint of the reference (its prefix, model_900.ckpt), a safetensors file or a run directory.
OUT ends in .safetensors, or in .ckpt for a TensorFlow checkpoint (OUT.index and OUT.data-00000-of-00001; params.json
of IN's folder goes with it if OUT's folder has none). Parameters, both moments of Adam and the number of updates are
kept bit for bit. Of a run directory, OUT may be the table of its metrics, .csv or .tsv: a row for each line of
metrics.jsonl.`

type ConvertFlags = { force?: boolean; cell?: string }

const summary = {
  from: text('the file that was read'),
  to: text('the file that was written'),
  lines: optional(whole('of a table of metrics: its rows')),
  model: optional(
    object(
      {
        path: text('where it is from'),
        cell: text('its cell'),
        hidden: whole('hidden units', 1),
        embedding: truth('whether bases go through a trained table'),
        parameters: whole('numbers in it'),
        updates: whole('steps that it was trained for'),
      },
      'of a model: what it is',
    ),
  ),
}

/** `xenograd convert`: between TensorFlow checkpoints and safetensors, and from metrics to tables. */
export function register(program: Command): void {
  const command = program
    .command('convert')
    .description(
      'turn a TensorFlow checkpoint into a safetensors file, or back; metrics of a run into a table',
    )
    .argument('<in>', 'model to read')
    .argument('<out>', 'file to write: NAME.safetensors or NAME.ckpt; NAME.csv or NAME.tsv')
    .option('-f, --force', 'replace what is there')
    .addOption(cellOption())
    .addHelpText('after', help)
  summarised(command, summary, async (from: string, to: string, { force = false, cell }: ConvertFlags) => {
    const convert = converterFor(to)
    const existing = [to, `${to}.index`].find(path => existsSync(path))
    if (existing && !force) throw new Error(`${existing} exists already; choose another name, or use --force`)
    return convert(from, to, cell)
  })
}

type Converter = (from: string, to: string, cell: string | undefined) => Promise<ObjectOf<typeof summary>>

/** What makes a file of the kind that its name asks for. @throws UsageError for a name of none. */
function converterFor(path: string): Converter {
  if (path.endsWith('.csv')) return metricsConverter(',')
  if (path.endsWith('.tsv')) return metricsConverter('\t')
  return modelConverter(writerFor(path))
}

const metricsConverter =
  (separator: ',' | '\t'): Converter =>
  async (from, to) => {
    const { run, lines } = await readRunMetrics(from)
    await writeText(to, metricsTable(lines, separator))
    say(`${to}: ${lines.length} lines of metrics from ${run}`)
    return { from: run, to, lines: lines.length }
  }

const modelConverter =
  (write: (path: string, model: SavedModel) => Promise<void>): Converter =>
  async (from, to, cell) => {
    const model = await loadModel(from, await givenCell(cell))
    await write(to, model)
    say(`${to}: from ${describeModel(model)}`)
    return { from: model.path, to, model: await modelSummary(model) }
  }

/** What writes the format that a file's name asks for. @throws UsageError for a name of neither. */
function writerFor(path: string): (path: string, model: SavedModel) => Promise<void> {
  if (path.endsWith('.safetensors')) return writeSafetensors
  if (path.endsWith('.ckpt')) return writeTensorFlow
  throw new UsageError(`${path}: the name of the file to write must end in .safetensors, .ckpt, .csv or .tsv`)
}

async function writeSafetensors(
  path: string,
  { path: source, options, state, metadata }: SavedModel,
): Promise<void> {
  await saveState(path, options, state, { ...metadata, source })
}

async function writeTensorFlow(path: string, { path: source, options, state }: SavedModel): Promise<void> {
  await writeTensorFlowCheckpoint(path, await toReference(path, options, state))
  // The reference does not load a checkpoint without its settings.
  const paramsBeside = (file: string) => join(dirname(file), 'params.json')
  if (existsSync(paramsBeside(source)) && !existsSync(paramsBeside(path)))
    await copyFile(paramsBeside(source), paramsBeside(path), constants.COPYFILE_EXCL)
}
