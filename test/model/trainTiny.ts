import { fileURLToPath } from 'node:url'
import { lstm } from '../../model/cells/lstm.js'
import { RunDirectory, train } from '../../model/index.js'
import { tinyData } from './tinyData.js'

/** What the child process of resume.test.ts runs: a small training in the folder of its argument. */
export const tinyOptions = {
  cell: lstm,
  hidden: 6,
  learningRate: 0.01,
  dropoutRate: 0.2,
  regulariserType: 'l2',
  regulariserWeight: 1e-4,
  seed: 5,
  steps: 60,
  valFreq: 3,
  logFreq: 2,
  keep: 2,
} as const

/** Train in `folder` and return the path of the last checkpoint. */
export async function trainTiny(folder: string): Promise<string> {
  return (await train(await RunDirectory.open(folder), tinyOptions, tinyData(8, 20))).checkpoint
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await trainTiny(process.argv[2])
