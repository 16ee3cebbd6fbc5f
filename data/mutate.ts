import { bitsAt, type Key } from '../engine/hostRandom.js'
import { unknown } from './read.js'

/**
 * Replaces each base, with probability `rate` and independently, by one of the three others, all equally likely: the
 * perturbation of the background model (Ren et al. 2019, section 3; `mutate_x` of the reference). Works in place.
 *
 * A pure function of (key, read, position): the same mutations come out in any batch and after any resume. For new
 * ones every epoch, fold the epoch into the key. Unknown bases stay.
 * @throws RangeError when the rate is not in [0, 1].
 */
export function mutate(bases: Uint8Array | Int32Array, rate: number, key: Key, read: number): void {
  if (!(rate >= 0 && rate <= 1)) throw new RangeError(`mutation rate: got ${rate}, give a number from 0 to 1`)
  const threshold = rate * 2 ** 32
  if (threshold === 0) return
  for (let position = 0; position < bases.length; position++) {
    // One draw decides both: below the threshold the base mutates, and in which third below it says to which base.
    const draw = bitsAt(key, read, position) >>> 0
    if (draw < threshold && bases[position] < unknown)
      bases[position] = (bases[position] + 1 + Math.floor((3 * draw) / threshold)) & 3
  }
}
