import { constants, existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Command, Option } from 'commander'
import {
  loadModel,
  type SavedModel,
  saveOnnxModel,
  saveState,
  saveTorchLayout,
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
IN is a safetensors file, a run directory, a TensorFlow V2 checkpoint of the reference (its prefix, model_900.ckpt) or an
ONNX file. OUT ends in
  .safetensors    parameters, optimiser's state and number of updates; with --layout torch the parameters alone, of the
                  cell lstm, by the names and in the order of PyTorch's nn.LSTM and nn.Linear (as IN both are known)
  .ckpt           a TensorFlow checkpoint (OUT.index and OUT.data-00000-of-00001; params.json of IN's folder goes with it
                  if OUT's folder has none)
  .onnx           a scorer for any number of reads of any length, of any cell (operator set 17): tokens, int32 [batch,
                  length], 0 to 3 for A, C, G, T, 4 for unknown bases and after the end of shorter reads, to log_likelihood
                  (nats, of each read), predictions (the bases that it is the sum of) and base_log_likelihood
Everything is kept bit for bit. ONNX files and PyTorch's have no optimiser's state. As IN, an ONNX file may be of others: an
LSTM over one-hot bases (in the order A, C, G, T), or rows of a table of them, and a linear layer to four bases.

Of a run directory, OUT may be the table of its metrics, .csv or .tsv: a row for each line of metrics.jsonl.`

type ConvertFlags = { force?: boolean; cell?: string; layout?: 'torch' }

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

/** `xenograd convert`: between the formats of models, and from metrics to tables. */
export function register(program: Command): void {
  const command = program
    .command('convert')
    .description(
      "turn a model into a file of another format: safetensors, PyTorch's, TensorFlow's, ONNX; metrics of a run into a table",
    )
    .argument('<in>', 'model to read')
    .argument('<out>', 'file to write: NAME.safetensors, NAME.ckpt or NAME.onnx; NAME.csv or NAME.tsv')
    .option('-f, --force', 'replace what is there')
    .addOption(
      new Option(
        '--layout <name>',
        "names and order of gates in NAME.safetensors: PyTorch's, instead of ours",
      ).choices(['torch']),
    )
    .addOption(cellOption())
    .addHelpText('after', help)
  summarised(
    command,
    summary,
    async (from: string, to: string, { force = false, cell, layout }: ConvertFlags) => {
      const convert = converterFor(to, layout)
      const existing = [to, `${to}.index`].find(path => existsSync(path))
      if (existing && !force)
        throw new Error(`${existing} exists already; choose another name, or use --force`)
      return convert(from, to, cell)
    },
  )
}

type Converter = (from: string, to: string, cell: string | undefined) => Promise<ObjectOf<typeof summary>>

/** What makes a file of the kind that its name asks for. @throws UsageError for a name of none. */
function converterFor(path: string, layout: 'torch' | undefined): Converter {
  if (layout === undefined && path.endsWith('.csv')) return metricsConverter(',')
  if (layout === undefined && path.endsWith('.tsv')) return metricsConverter('\t')
  return modelConverter(writerFor(path, layout))
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

/** What writes the format that a file's name asks for. @throws UsageError for a name of none, and a layout that it has not. */
function writerFor(
  path: string,
  layout: 'torch' | undefined,
): (path: string, model: SavedModel) => Promise<void> {
  if (path.endsWith('.safetensors')) return layout === 'torch' ? saveTorchLayout : writeSafetensors
  if (layout !== undefined)
    throw new UsageError(`--layout ${layout} is of safetensors files; ${path} must end in .safetensors`)
  if (path.endsWith('.ckpt')) return writeTensorFlow
  if (path.endsWith('.onnx')) return saveOnnxModel
  throw new UsageError(
    `${path}: the name of the file to write must end in .safetensors, .ckpt, .onnx, .csv or .tsv`,
  )
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
