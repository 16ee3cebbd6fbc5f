/** Small sets of reads for commands that train, and where their runs are. */
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { syntheticReads, writeReads } from '../../data/index.js'

/** The folders of the reference's layout that a training reads. */
export const folders = {
  in_tr: 'before_2011_in_tr',
  in_val: 'between_2011-2016_in_val',
  ood_val: 'between_2011-2016_ood_val',
} as const

/**
 * Writes 300 reads of 40 bases for training and `heldOut` for each validation set, in the reference's layout; returns the
 * flags that name the folders.
 */
export async function dataFlags(root: string, heldOut = 30): Promise<string[]> {
  const flags: string[] = []
  for (const [split, folder] of Object.entries(folders) as [keyof typeof folders, string][]) {
    await mkdir(join(root, folder), { recursive: true })
    const reads = syntheticReads({ split, count: split === 'in_tr' ? 300 : heldOut, length: 40, seed: 3 })
    await writeReads(join(root, folder, `${split}.tfrecord`), reads)
    flags.push(`--${split}_data_dir=${join(root, folder)}`)
  }
  return flags
}

/** The one run directory below `out`. */
export const runIn = async (out: string): Promise<string> => join(out, (await readdir(out))[0])
