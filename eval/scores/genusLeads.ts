import type { GenusSequence } from '../../data/index.js'
import { leadContrasts, leadersOf, leadOfBest } from './genusEvidence.js'
import { sequenceKind } from './kind.js'
import { type ApartOpinions, GenusMemory, RememberedGenomes } from './memory/index.js'
import { numberFromZero } from './options.js'
import { rememberedByBatch } from './remembered.js'
import type { LeadTrack, StorableScore } from './score.js'
import { contextOrder, copyContext, copyWeight, loadGenomes, storeGenomes } from './storedGenomes.js'

/**
 * The sum of leads, in nats: of the likeliest genus over the second by what follows the contexts of its genomes, and of
 * the genus whose proteins align best, region by region, over all others; if there are copies, also of the genus that gains
 * most by them, region by region. Composition, of which contexts tell most, and kinship of proteins may point to different
 * genera: where a genome has drifted in composition from the known ones of its genus, the first leads astray, where it has
 * no genes in common with them, the second. Evidence that is summed for each genus before the lead is taken (`genusOdds`)
 * cancels then; of two leads, one is left.
 */
function genusLeadsScore(name: string, memory: GenusMemory): StorableScore {
  const apart = rememberedByBatch((fragments, onBases) => memory.apart(fragments, onBases))
  return {
    name,
    score: async (fragments, onBases) =>
      Float64Array.from(await apart(fragments, onBases), opinions =>
        opinions
          ? leadOfBest(opinions.contexts) + sumOf(opinions.leads.map(leads => Math.max(...leads)))
          : Number.NaN,
      ),
    summed: {
      numbers: async fragments =>
        (await apart(fragments)).map(
          opinions =>
            opinions &&
            Float64Array.from([opinions.contexts, ...opinions.leads].flatMap(values => [...values])),
        ),
      contrasts(sums) {
        const genera = memory.genomes.genera.length
        const greatest: number[] = []
        for (let first = genera; first < sums.length; first += genera)
          greatest.push(first + greatestOf(sums.subarray(first, first + genera)))
        return leadContrasts(sums.subarray(0, genera)).map(({ plus, minus }) => ({
          plus: [...plus, ...greatest],
          minus,
        }))
      },
    },
    leadTracks: async fragments => leadTracks(memory, fragments, await apart(fragments)),
    prepare: onProgress => memory.prepare(onProgress),
    store: () => ({ kind: 'genusLeads', name, ...storeGenomes(memory.genomes, memory.settings) }),
  }
}

/** What leads are of, in the order in which a memory gives them. */
const leadKinds = ['alignments', 'copies'] as const

/** How the sums of leads come about base by base; no part of them belongs to no base. */
async function leadTracks(
  memory: GenusMemory,
  fragments: readonly Uint8Array[],
  opinions: readonly (ApartOpinions | undefined)[],
): Promise<(LeadTrack | undefined)[]> {
  const { genera } = memory.genomes
  const leaders = opinions.map(ofFragment => {
    const pair = ofFragment && leadersOf(ofFragment.contexts)
    return pair && { pair, leads: ofFragment.leads, greatest: ofFragment.leads.map(greatestOf) }
  })
  const tracked = [...fragments.keys()].filter(i => leaders[i])
  const values = await memory.apartTracks(
    tracked.map(i => fragments[i]),
    tracked.map(i => leaders[i]!.pair),
    tracked.map(i => leaders[i]!.greatest),
  )
  const all = fragments.map((): LeadTrack | undefined => undefined)
  for (const [k, i] of tracked.entries()) {
    const { pair, leads, greatest } = leaders[i]!
    const led = leadKinds.map((kind, j) => ({ kind, genus: genera[greatest[j]], leads: leads[j] ?? [] }))
    const others = led.filter(({ leads }) => leads.some(lead => lead !== 0))
    all[i] = {
      values: values[k],
      likeliest: [
        `${genera[pair[0]]} by contexts`,
        ...others.map(({ kind, genus }) => `${genus} by ${kind}`),
      ].join(', '),
      second: [`${genera[pair[1]]} by contexts`, ...others.map(({ kind }) => `all others by ${kind}`)].join(
        ', ',
      ),
    }
  }
  return all
}

const greatestOf = (values: Float64Array): number => values.indexOf(Math.max(...values))

const sumOf = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

export const genusLeads = sequenceKind({
  meaning:
    'lead of one genus over all others by contexts of its genomes, plus leads of one by alignments with its proteins and by copies, region by region',
  options: {
    order: contextOrder,
    copies: copyContext,
    copyWeight,
    alignments: numberFromZero(0.06, 'nats for each half bit by which an alignment leads; 0: no alignments'),
    threshold: numberFromZero(55, 'half bits that an alignment must score beyond'),
  },
  startFit(name, settings) {
    const sequences: GenusSequence[] = []
    return {
      add: sequence => sequences.push(sequence),
      finish: () => genusLeadsScore(name, new GenusMemory(RememberedGenomes.of(sequences), settings)),
    }
  },
  load(stored) {
    const { genomes, settings } = loadGenomes(stored)
    return genusLeadsScore(stored.name, new GenusMemory(genomes, settings))
  },
})
