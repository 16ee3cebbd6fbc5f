// Lengths of the reads of an input, in the order in which they come: the same in every process.
import { keyFromSeed, uniformAt } from '../dist/engine/index.js'

const key = keyFromSeed(3)

/** A standard normal number (Box and Muller 1958). */
const normalAt = i =>
  Math.sqrt(-2 * Math.log(1 - uniformAt(key, 0, i))) * Math.cos(2 * Math.PI * uniformAt(key, 1, i))

/** Kinds of inputs: the length of read i of an input of so many bases. */
export const kinds = {
  'all 250': () => 250,
  '75 to 250': i => 75 + Math.floor(176 * uniformAt(key, 2, i)),
  'all 5,000': () => 5000,
  // One in a thousand has 200,000 or more.
  'log-normal, median 5,000, up to 200,000': i =>
    Math.min(200_000, Math.round(5000 * Math.exp(1.2 * normalAt(i)))),
  'one record': (_, bases) => bases,
}

/** Lengths of reads of a kind with about `bases` bases in all. */
export function* lengthsOf(kind, bases) {
  for (let i = 0, sum = 0; sum < bases; i++) {
    const length = kinds[kind](i, bases)
    yield length
    sum += length
  }
}
