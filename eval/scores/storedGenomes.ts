/** The part of a stored score that holds what it remembers of genomes, and how it is looked up. */
import {
  longestContext,
  type MemorySettings,
  maxContextOrder,
  PackedBases,
  RememberedGenomes,
} from './memory/index.js'
import { numberFromZero, wholeNumber } from './options.js'
import type { StoredScore } from './score.js'
import { storedArray, storedNumber, storedTexts, storedWhole } from './stored.js'

/** The option of a score that says how long contexts are. */
export const contextOrder = wholeNumber(11, {
  least: 2,
  most: maxContextOrder,
  meaning: 'bases that the next one depends on; shorter contexts are blended in',
})

/** The option of a score that says with how many bases copies begin. */
export const copyContext = wholeNumber(0, {
  least: 0,
  most: longestContext,
  meaning: 'bases in a row that a genome must have, for what follows there to be copied; 0: no copies',
})

/** The option of a score that says how much copies count. */
export const copyWeight = numberFromZero(
  0.1,
  'nats for each nat that copies gain over contexts (where no gate weighs them)',
)

/**
 * How genomes are looked up, a number for each way that gave other scores: 1 had longer seeds, and leads by means over
 * whole alignments.
 */
const lookUp = 2

/** Settings and arrays of a file for genomes and what is looked up in them. */
export function storeGenomes(
  { genera, bases, stretches }: RememberedGenomes,
  settings: MemorySettings,
): Pick<StoredScore, 'settings' | 'arrays'> {
  return {
    settings: { ...settings, genera, bases: bases.length, lookUp },
    arrays: {
      packed: bases.packed,
      unknownRuns: bases.unknownRuns,
      stretches: Uint32Array.from(stretches.flatMap(({ genus, start, end }) => [genus, start, end])),
    },
  }
}

/**
 * What `storeGenomes` stored.
 * @throws RangeError when the contents are not those of genomes, or scores were others when they were stored.
 */
export function loadGenomes(stored: StoredScore): { genomes: RememberedGenomes; settings: MemorySettings } {
  if (stored.settings.lookUp !== lookUp)
    throw new RangeError(
      `${stored.name}: was fitted by another version, which looked up genomes in another way; its scores would not be those that it was calibrated by: fit it again`,
    )
  const genera = storedTexts(stored, 'genera')
  const bases = new PackedBases(
    storedArray(stored, 'packed', 'uint8'),
    storedArray(stored, 'unknownRuns', 'uint32'),
    storedWhole(stored, 'bases'),
  )
  const numbers = storedArray(stored, 'stretches', 'uint32')
  const stretches = Array.from({ length: numbers.length / 3 }, (_, i) => ({
    genus: numbers[3 * i],
    start: numbers[3 * i + 1],
    end: numbers[3 * i + 2],
  }))
  if (stretches.some(({ genus, start, end }) => genus >= genera.length || start > end || end > bases.length))
    throw new RangeError(`${stored.name}: its stretches lie outside of its ${bases.length} bases`)
  return {
    genomes: new RememberedGenomes(genera, bases, stretches),
    settings: {
      order: storedWhole(stored, 'order'),
      copies: storedWhole(stored, 'copies'),
      copyWeight: storedNumber(stored, 'copyWeight'),
      alignments: storedNumber(stored, 'alignments'),
      threshold: storedNumber(stored, 'threshold'),
    },
  }
}
