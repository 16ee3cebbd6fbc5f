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
import { say } from '../progress.js'
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
LSTM over one-hot bases (in the order A, C, G, T), or rows of a table of them, and a linear layer to four bases.`

type ConvertFlags = { force?: boolean; cell?: string; layout?: 'torch' }

/** `xenograd convert`: between the formats of models. */
export function register(program: Command): void {
  const command = program
    .command('convert')
    .description("turn a model into a file of another format: safetensors, PyTorch's, TensorFlow's, ONNX")
    .argument('<in>', 'model to read')
    .argument('<out>', 'file to write: NAME.safetensors, NAME.ckpt or NAME.onnx')
    .option('-f, --force', 'replace what is there')
    .addOption(
      new Option(
        '--layout <name>',
        "names and order of gates in NAME.safetensors: PyTorch's, instead of ours",
      ).choices(['torch']),
    )
    .addOption(cellOption())
    .addHelpText('after', help)
  summarised(command, async (from: string, to: string, { force = false, cell, layout }: ConvertFlags) => {
    const write = writerFor(to, layout)
    const existing = [to, `${to}.index`].find(path => existsSync(path))
    if (existing && !force) throw new Error(`${existing} exists already; choose another name, or use --force`)
    const model = await loadModel(from, await givenCell(cell))
    await write(to, model)
    say(`${to}: from ${describeModel(model)}`)
    return { from: model.path, to, model: await modelSummary(model) }
  })
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
  throw new UsageError(`${path}: the name of the file to write must end in .safetensors, .ckpt or .onnx`)
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
