import { readdir, stat } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { CheckpointError } from './checkpoint/index.js'
import { checkComparable } from './comparable.js'
import { loadModel, type SavedModel } from './saved/index.js'

/**
 * The networks of genera in a folder, by the names of the genera: GENUS.safetensors, or a folder GENUS that is a run
 * directory or has one in it, as a training with FOLDER/GENUS as its `out_dir` leaves it. Other files do not matter.
 * @throws CheckpointError for fewer than two genera, and as `loadModel` and `checkComparable`.
 */
export async function loadGenera(folder: string): Promise<Map<string, SavedModel>> {
  const entries = await readdir(folder).catch(cause => {
    throw new CheckpointError(folder, 'no folder of networks; give one with a run directory for each genus', {
      cause,
    })
  })
  const genera = new Map<string, SavedModel>()
  for (const entry of entries.sort()) {
    const path = join(folder, entry)
    const { name, ext } = parse(entry)
    if (await isFolder(path)) genera.set(entry, await loadModel(path))
    else if (ext === '.safetensors') genera.set(name, await loadModel(path))
  }
  const [first, ...others] = genera.values()
  for (const other of others) checkComparable(first, other)
  if (genera.size >= 2) return genera
  throw new CheckpointError(
    folder,
    `networks of ${genera.size} genera in this folder, wanted two or more: for each a run directory, or GENUS.safetensors`,
  )
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    info => info.isDirectory(),
    () => false,
  )
