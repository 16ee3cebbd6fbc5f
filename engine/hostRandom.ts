/**
 * The engine's second, small door (`xenograd/random`): its random numbers on the host, without tensors and devices, and
 * the purposes that this package has for seeds. Shuffles, mutations and bootstraps need no more, and load no engine.
 */
import { foldKey, type Key, keyFromSeed } from './kernel/threefry.js'

export {
  bitsAt,
  foldKey,
  type Key,
  keyFromSeed,
  randomBitsOf,
  threefry2x32,
  uniformAt,
} from './kernel/threefry.js'

/**
 * Everything that is drawn from a seed, and the number that is folded into the seed's key for it, so that no two
 * purposes see the same random numbers. The numbers are part of what makes a result repeatable: they never change, and
 * a new purpose takes a number that is new in its group.
 *
 * `run`: from the seed of training and data. `evaluation`: from the seed of an evaluation (`bootstrapIntervals`), which is
 * another, so that its numbers may be the same.
 */
export const seedPurposes = {
  run: {
    initialisation: 1,
    dropout: 2,
    order: 3,
    mutation: 4,
    genomes: 5,
    fragments: 6,
    synthetic: 7,
    trainingFragments: 8,
    validationMutation: 9,
    mutatedReads: 10,
    gate: 11,
  },
  evaluation: { bootstrapIn: 0, bootstrapOod: 1 },
} as const

/**
 * The key of one purpose, an entry of `seedPurposes`: `fold(randomKey(seed), purpose)` is the same as a tensor.
 * @throws RangeError when the seed is not an integer up to 2^53.
 */
export const purposeKey = (seed: number, purpose: number): Key => foldKey(keyFromSeed(seed), purpose)
