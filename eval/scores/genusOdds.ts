/** The odds of genera by what is remembered of their genomes: what follows each context, and their proteins. */
import type { GenusSequence } from '../../data/index.js'
import { leadOfGenera } from './genusEvidence.js'
import { sequenceKind } from './kind.js'
import { ContextShape } from './memory/contextShape.js'
import { GenusContexts, maxContextOrder } from './memory/genusContexts.js'
import { packBases, RememberedGenomes, unpackBases } from './memory/rememberedGenomes.js'
import { TranslatedAlignments } from './memory/translatedAlignments.js'
import { numberFromZero, wholeNumber } from './options.js'
import type { StorableScore, StoredScore } from './score.js'
import { storedArray, storedNumber, storedTexts, storedWhole } from './stored.js'

/**
 * Contiguous contexts, which have half of the weight, and the three kinds that leave out every third base, one base
 * shorter: their tables take a quarter of the memory, at a loss of 0.002 in AUROC.
 */
const contextSkips = [0, 1, 2, 3] as const

type Settings = { order: number; alignments: number; threshold: number }

/** What each genus has to say for a fragment, in nats: of contexts, and of alignments by their weight. */
class GenusMemory {
  readonly #contexts: readonly GenusContexts[]
  readonly #alignments: TranslatedAlignments | undefined

  constructor(
    readonly genomes: RememberedGenomes,
    readonly settings: Settings,
  ) {
    this.#contexts = contextSkips.map(
      skip =>
        new GenusContexts(genomes, new ContextShape(skip === 0 ? settings.order : settings.order - 1, skip)),
    )
    this.#alignments = settings.alignments > 0 ? new TranslatedAlignments(genomes, settings) : undefined
  }

  /** Evidence for each genus, in nats; undefined where a fragment has no base that could be predicted. */
  evidence(fragment: Uint8Array): Float64Array | undefined {
    const sums = new Float64Array(this.genomes.genera.length)
    this.#alignments?.addScores(fragment, sums)
    for (let genus = 0; genus < sums.length; genus++) sums[genus] *= this.settings.alignments
    const predicted = this.#contexts.map(contexts =>
      contexts.addLogLikelihoods(fragment, contexts.shape.skip === 0 ? 1 / 2 : 1 / 6, sums),
    )
    return predicted[0] > 0 ? sums : undefined
  }
}

function genusOddsScore(name: string, memory: GenusMemory): StorableScore {
  return {
    ...leadOfGenera(name, {
      genera: memory.genomes.genera,
      evidence: async fragments => fragments.map(fragment => memory.evidence(fragment)),
    }),
    store() {
      const { genera, bases, stretches } = memory.genomes
      const { packed, unknownRuns } = packBases(bases)
      return {
        kind: 'genusOdds',
        name,
        settings: { ...memory.settings, genera, bases: bases.length },
        arrays: {
          packed,
          unknownRuns,
          stretches: Uint32Array.from(stretches.flatMap(({ genus, start, end }) => [genus, start, end])),
        },
      }
    },
  }
}

function load(stored: StoredScore): StorableScore {
  const genera = storedTexts(stored, 'genera')
  const bases = unpackBases({
    packed: storedArray(stored, 'packed', 'uint8'),
    unknownRuns: storedArray(stored, 'unknownRuns', 'uint32'),
    length: storedWhole(stored, 'bases'),
  })
  const numbers = storedArray(stored, 'stretches', 'uint32')
  const stretches = Array.from({ length: numbers.length / 3 }, (_, i) => ({
    genus: numbers[3 * i],
    start: numbers[3 * i + 1],
    end: numbers[3 * i + 2],
  }))
  if (stretches.some(({ genus, start, end }) => genus >= genera.length || start > end || end > bases.length))
    throw new RangeError(`${stored.name}: its stretches lie outside of its ${bases.length} bases`)
  const settings = {
    order: storedWhole(stored, 'order'),
    alignments: storedNumber(stored, 'alignments'),
    threshold: storedNumber(stored, 'threshold'),
  }
  return genusOddsScore(
    stored.name,
    new GenusMemory(new RememberedGenomes(genera, bases, stretches), settings),
  )
}

export const genusOdds = sequenceKind({
  meaning:
    'log odds of the likeliest genus against the second, by contexts of its genomes and alignments with its proteins',
  options: {
    order: wholeNumber(11, {
      least: 2,
      most: maxContextOrder,
      meaning: 'bases that the next one depends on; shorter contexts are blended in',
    }),
    alignments: numberFromZero(
      0.1,
      'nats for each half bit of an alignment beyond the threshold; 0: no alignments',
    ),
    threshold: numberFromZero(40, 'half bits that an alignment must score beyond'),
  },
  startFit(name, settings) {
    const sequences: GenusSequence[] = []
    return {
      add: sequence => sequences.push(sequence),
      finish: () => genusOddsScore(name, new GenusMemory(RememberedGenomes.of(sequences), settings)),
    }
  },
  load,
})
