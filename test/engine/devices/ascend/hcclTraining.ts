import { allReduce, collectiveOf, openDevice, type ProcessGroup, tensor } from '../../../../engine/index.js'
import { lstm } from '../../../../model/cells/lstm.js'
import type { TrainingData, TrainOptions } from '../../../../model/index.js'
import { tinyData } from '../../../model/tinyData.js'

// What both processes of hccl.test.ts do.

/** Float32 of a rank, of many magnitudes. */
export const numbersOf = (rank: number): Float32Array =>
  Float32Array.from({ length: 300 }, (_, i) => Math.sin(10 * rank + i) * 10 ** ((i % 7) - 3))

/** Sums over a group of float32 and int32, one after the other. */
export async function sums(group: ProcessGroup, name: string): Promise<ArrayLike<number>[]> {
  const collective = collectiveOf(group, await openDevice(name))
  const floats = await tensor(numbersOf(group.rank)).to(name)
  const words = await tensor(Int32Array.of(1, group.rank, -7)).to(name)
  await allReduce(collective, [floats])
  await allReduce(collective, [words])
  const values = [await floats.data(), await words.data()]
  floats.dispose()
  words.dispose()
  collective.dispose()
  return values
}

/** Some steps with dropout. */
export const tinyTraining = (device: string) =>
  ({
    cell: lstm,
    hidden: 5,
    learningRate: 0.02,
    dropoutRate: 0.2,
    regulariserType: 'l2',
    regulariserWeight: 1e-3,
    seed: 5,
    steps: 6,
    valFreq: 100,
    logFreq: 1,
    keep: 0,
    shards: 4,
    device,
  }) as const satisfies TrainOptions & { shards: number }

export const trainingData: TrainingData = tinyData(8, 12)
