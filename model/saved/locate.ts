import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CheckpointError, tensorFlowPrefix } from '../checkpoint/index.js'

/** A file that a run may leave behind. `path`: the file, or the prefix of a TensorFlow checkpoint. */
type CheckpointFile = { readonly format: 'safetensors' | 'tensorflow'; readonly path: string }

/** Where a model is, and in which format. */
export type ModelFile = CheckpointFile | { readonly format: 'onnx'; readonly path: string }

/** A checkpoint of a run, and the step that it was written after. */
export type Checkpoint = CheckpointFile & { readonly step: number }

/** The path of our checkpoint of a step in the folder `model` of a run. */
export const checkpointPath = (folder: string, step: number): string =>
  join(folder, `model_${step}.safetensors`)

const stepPatterns = { safetensors: /^model_(\d+)\.safetensors$/, tensorflow: /^model_(\d+)\.ckpt$/ }

/** The step of a checkpoint, as its name says (`model_900.ckpt`); undefined for other names. */
export function stepOf({ format, path }: CheckpointFile): number | undefined {
  const step = stepPatterns[format].exec(basename(path))?.[1]
  return step === undefined ? undefined : Number(step)
}

/** The checkpoint of a run that a file is (of the reference's, its index), by its name; undefined for other files. */
function checkpointAt(path: string): Checkpoint | undefined {
  const file: CheckpointFile = path.endsWith('.index')
    ? { format: 'tensorflow', path: tensorFlowPrefix(path) }
    : { format: 'safetensors', path }
  const step = stepOf(file)
  return step === undefined ? undefined : { ...file, step }
}

/** Checkpoints in a folder by their names, ours and the reference's, the newest last; of one step, ours. */
export async function checkpointsIn(folder: string): Promise<Checkpoint[]> {
  const names = await readdir(folder)
  return names
    .flatMap(name => checkpointAt(join(folder, name)) ?? [])
    .sort((a, b) => a.step - b.step || b.format.localeCompare(a.format))
}

/**
 * The file that a path means: a safetensors or ONNX file, a run directory or a folder with one run in it (its newest checkpoint, or
 * that of `step`), or the prefix of a TensorFlow checkpoint.
 * @throws CheckpointError when there is none, or when a folder has several runs.
 */
export async function locateModel(path: string, step?: number): Promise<ModelFile> {
  const info = await stat(path).catch(() => undefined)
  if (info?.isDirectory()) return locateInFolder(path, step)
  const prefix = tensorFlowPrefix(path)
  if (existsSync(`${prefix}.index`) || prefix.endsWith('.ckpt')) return { format: 'tensorflow', path: prefix }
  if (info) return { format: path.endsWith('.onnx') ? 'onnx' : 'safetensors', path }
  throw new CheckpointError(
    path,
    'no such file; give a safetensors or ONNX file, a run directory, or the prefix of a TensorFlow checkpoint',
  )
}

async function locateInFolder(path: string, step: number | undefined): Promise<ModelFile> {
  const run = await runIn(path)
  // A run directory has its checkpoints in the folder `model`; whoever names that folder itself is understood, too.
  for (const folder of [join(run, 'model'), run]) {
    const checkpoints = existsSync(folder) ? await checkpointsIn(folder) : []
    const wanted = step === undefined ? checkpoints.at(-1) : checkpoints.find(c => c.step === step)
    if (wanted) return wanted
  }
  const name = `model_${step ?? 'STEP'}`
  throw new CheckpointError(
    run,
    `no checkpoint in this folder; wanted ${name}.safetensors or ${name}.ckpt.index`,
  )
}

/**
 * The run directory that a folder means: itself, or the one run in it, as an `out_dir` has it. A folder without any is
 * what it is.
 * @throws CheckpointError that lists the runs when there are several.
 */
export async function runIn(folder: string): Promise<string> {
  if (await isFolder(join(folder, 'model'))) return folder
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  // Checkpoints in the folder itself: it is the folder `model` of a run, or one that somebody has copied them to.
  if (entries.some(({ name }) => checkpointAt(name))) return folder
  const runs: string[] = []
  for (const { name } of entries)
    if (await isFolder(join(folder, name, 'model'))) runs.push(join(folder, name))
  if (runs.length > 1)
    throw new CheckpointError(
      folder,
      `${runs.length} runs are in this folder; give one of them: ${runs.sort().join(', ')}`,
    )
  return runs[0] ?? folder
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    info => info.isDirectory(),
    () => false,
  )
