import { bitsAt, foldKey, keyFromSeed } from '../../engine/index.js'
import type { TrainingData } from '../../model/index.js'

/** Reads of a repeating pattern with a few errors, as a function of the step: something that a small model learns fast. */
export function tinyData(batchSize: number, length: number, seed = 7): TrainingData {
  const key = keyFromSeed(seed)
  return {
    batchSize,
    fingerprint: `tiny ${batchSize}x${length}`,
    batch: step =>
      Int32Array.from({ length: batchSize * length }, (_, i) => {
        const read = Math.floor(i / length)
        const bits = bitsAt(foldKey(key, step), read, i % length)
        return (bits & 31) === 0 ? (bits >>> 8) & 3 : ((i % length) + read) & 3
      }),
  }
}
