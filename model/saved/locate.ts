import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointError, tensorFlowPrefix } from '../checkpoint/index.js'

/** Where a model is, and in which format. `path`: the file, or the prefix of a TensorFlow checkpoint. */
export type ModelFile = { readonly format: 'safetensors' | 'tensorflow'; readonly path: string }

/** The name of our checkpoint of a step in a run directory's folder. */
export const checkpointName = (step: number): string => `model_${step}.safetensors`

/** What checkpoints of a step are called: ours, and the index of one of the reference's. */
const checkpointNames = [
  { format: 'safetensors', pattern: /^model_(\d+)\.safetensors$/ },
  { format: 'tensorflow', pattern: /^model_(\d+)\.ckpt\.index$/ },
] as const

/** Checkpoints in a folder by their names, the newest last. */
export async function checkpointsIn(folder: string): Promise<(ModelFile & { readonly step: number })[]> {
  const names = await readdir(folder)
  return names
    .flatMap(name =>
      checkpointNames.flatMap(({ format, pattern }) => {
        const step = pattern.exec(name)?.[1]
        const path = join(folder, format === 'tensorflow' ? tensorFlowPrefix(name) : name)
        return step === undefined ? [] : [{ format, path, step: Number(step) }]
      }),
    )
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
