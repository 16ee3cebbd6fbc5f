import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CheckpointError, tensorFlowPrefix } from '../checkpoint/index.js'

/** Where a model is, and in which format. `path`: the file, or the prefix of a TensorFlow checkpoint. */
export type ModelFile = { readonly format: 'safetensors' | 'tensorflow'; readonly path: string }

/** The name of our checkpoint of a step in a run directory's folder. */
export const checkpointName = (step: number): string => `model_${step}.safetensors`

const stepPatterns = { safetensors: /^model_(\d+)\.safetensors$/, tensorflow: /^model_(\d+)\.ckpt$/ }

/** The step of a checkpoint, as its name says (`model_900.ckpt`); undefined for other names. */
export function stepOf({ format, path }: ModelFile): number | undefined {
  const step = stepPatterns[format].exec(basename(path))?.[1]
  return step === undefined ? undefined : Number(step)
}

/** Checkpoints in a folder by their names, ours and the reference's, the newest last. */
export async function checkpointsIn(folder: string): Promise<(ModelFile & { readonly step: number })[]> {
  const names = await readdir(folder)
  return names
    .flatMap(name => {
      const file: ModelFile = name.endsWith('.index')
        ? { format: 'tensorflow', path: tensorFlowPrefix(join(folder, name)) }
        : { format: 'safetensors', path: join(folder, name) }
      const step = stepOf(file)
      return step === undefined ? [] : [{ ...file, step }]
    })
    .sort((a, b) => a.step - b.step)
}

/**
 * The file that a path means: a safetensors file, a run directory (its newest checkpoint, or that of `step`), or the
 * prefix of a TensorFlow checkpoint.
 * @throws CheckpointError when there is none.
 */
export async function locateModel(path: string, step?: number): Promise<ModelFile> {
  const info = await stat(path).catch(() => undefined)
  if (info?.isDirectory()) return locateInFolder(path, step)
  const prefix = tensorFlowPrefix(path)
  if (existsSync(`${prefix}.index`) || prefix.endsWith('.ckpt')) return { format: 'tensorflow', path: prefix }
  if (info) return { format: 'safetensors', path }
  throw new CheckpointError(
    path,
    'no such file; give a safetensors file, a run directory, or the prefix of a TensorFlow checkpoint',
  )
}

async function locateInFolder(path: string, step: number | undefined): Promise<ModelFile> {
  // A run directory has its checkpoints in the folder `model`; whoever names that folder itself is understood, too.
  for (const folder of [join(path, 'model'), path]) {
    const checkpoints = existsSync(folder) ? await checkpointsIn(folder) : []
    const wanted = step === undefined ? checkpoints.at(-1) : checkpoints.find(c => c.step === step)
    if (wanted) return wanted
  }
  const name = `model_${step ?? 'STEP'}`
  throw new CheckpointError(
    path,
    `no checkpoint in this folder; wanted ${name}.safetensors or ${name}.ckpt.index`,
  )
}
