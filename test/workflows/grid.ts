import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { syntheticReads, writeReads } from '../../data/index.js'

/** Writes reads into a folder, and returns the flags of `xenograd tune` for a grid of two small trainings on them. */
export async function gridFlags(folder: string): Promise<string> {
  const flags: string[] = []
  for (const split of ['in_tr', 'in_val', 'ood_val'] as const) {
    const path = join(folder, split)
    mkdirSync(path)
    await writeReads(
      join(path, `${split}.tfrecord`),
      syntheticReads({ split, count: 60, length: 30, seed: 3 }),
    )
    flags.push(`--${split}_data_dir=${path}`)
  }
  const small = ['--batch_size=20', '--seq_len=30', '--num_steps=10', '--val_freq=1000', '--hidden-sizes=4']
  return [...flags, ...small, '--mutation-rates=0,0.2', '--reg-weights=0'].join(' ')
}
