/**
 * The odds of genera by what is remembered of their genomes: what follows each context, and their proteins; alone, or with
 * networks of the same genera.
 */
import type { GenusSequence } from '../../data/index.js'
import { leadOfGenera } from './genusEvidence.js'
import { type ScoresByName, sequenceKind } from './kind.js'
import {
  Gate,
  GenusMemory,
  type MemorySettings,
  type Networks,
  RememberedGenomes,
  trainGate,
} from './memory/index.js'
import { numberFromZero, oneOf } from './options.js'
import type { StorableScore, StoredScore } from './score.js'
import { storedArray, storedText } from './stored.js'
import { contextOrder, copyContext, copyWeight, loadGenomes, storeGenomes } from './storedGenomes.js'

/** How a gate weighs experts, and the score whose networks are among them, if one is. */
type Mixing = {
  readonly gate: Gate
  readonly arrays: Record<string, Float32Array>
  readonly networks: string
}

const gateSeed = 1
/** What a detector calls the score of its networks of genera. */
const networkScoreName = 'odds'

/**
 * The networks of a score that tells -log p base by base for these genera; undefined for no score. `name` begins messages.
 * @throws RangeError when there is no such score.
 */
function networksOf(
  name: string,
  score: string,
  scores: ScoresByName,
  { genera }: RememberedGenomes,
): Networks | undefined {
  if (score === '') return undefined
  const evidence = scores.get(score)?.genusEvidence
  if (!evidence?.losses) throw new RangeError(`${name}: needs the networks of genera '${score}' before it`)
  const places = genera.map(genus => evidence.genera.indexOf(genus))
  if (places.includes(-1) || places.length !== evidence.genera.length)
    throw new RangeError(
      `${name}: has genomes of ${genera}, but '${score}' has networks of ${evidence.genera}`,
    )
  const { losses } = evidence
  const count = genera.length
  return {
    losses: async windows =>
      (await losses(windows)).map(given => given.map((_, i) => given[i - (i % count) + places[i % count]])),
  }
}

function genusOddsScore(
  name: string,
  memory: GenusMemory,
  mixing: Mixing | undefined,
  networks: Networks | undefined,
): StorableScore {
  const { genera } = memory.genomes
  return {
    ...leadOfGenera(name, {
      genera,
      evidence: (fragments, onBases) =>
        mixing ? memory.gated(fragments, mixing.gate, networks, onBases) : memory.pooled(fragments, onBases),
      tracks: (fragments, pairs) =>
        mixing
          ? memory.gatedTracks(fragments, pairs, mixing.gate, networks)
          : memory.pooledTracks(fragments, pairs),
    }),
    prepare: onProgress => memory.prepare(onProgress),
    store() {
      const { settings, arrays } = storeGenomes(memory.genomes, memory.settings)
      return {
        kind: 'genusOdds',
        name,
        settings: { ...settings, ...(mixing && { gate: true, networks: mixing.networks }) },
        arrays: { ...arrays, ...mixing?.arrays },
      }
    },
    dispose: () => mixing?.gate.dispose(),
  }
}

async function fitGated(
  name: string,
  genomes: RememberedGenomes,
  settings: MemorySettings,
  networkScore: string,
  scores: ScoresByName,
): Promise<StorableScore> {
  const networks = networksOf(name, networkScore, scores, genomes)
  const gate = await trainGate(genomes, settings, networks, gateSeed)
  const mixing = { gate, arrays: await gate.arrays(), networks: networkScore }
  return genusOddsScore(name, new GenusMemory(genomes, settings), mixing, networks)
}

function load(stored: StoredScore, scores: ScoresByName): StorableScore {
  const { genomes, settings } = loadGenomes(stored)
  const memory = new GenusMemory(genomes, settings)
  if (stored.settings.gate !== true) return genusOddsScore(stored.name, memory, undefined, undefined)
  const array = (name: string): Float32Array => storedArray(stored, name, 'float32')
  const arrays = {
    hiddenBias: array('hiddenBias'),
    hiddenKernel: array('hiddenKernel'),
    weightsBias: array('weightsBias'),
    weightsKernel: array('weightsKernel'),
  }
  const networks = storedText(stored, 'networks')
  const mixing = { gate: Gate.of(arrays), arrays, networks }
  return genusOddsScore(stored.name, memory, mixing, networksOf(stored.name, networks, scores, genomes))
}

export const genusOdds = sequenceKind({
  meaning:
    'log odds of the likeliest genus against the second, by contexts of its genomes and alignments with its proteins',
  options: {
    order: contextOrder,
    copies: copyContext,
    copyWeight,
    alignments: numberFromZero(
      0.1,
      'nats for each half bit of an alignment beyond the threshold; 0: no alignments',
    ),
    threshold: numberFromZero(40, 'half bits that an alignment must score beyond'),
    mix: oneOf(
      ['pool', 'gate', 'gate+networks'],
      'how kinds of contexts are joined: with fixed weights, or base by base by a gate that is trained; with the networks of genera (odds), too',
    ),
  },
  startFit(name, { mix, ...settings }) {
    const sequences: GenusSequence[] = []
    return {
      add: sequence => sequences.push(sequence),
      finish(scores) {
        // A byte a base that is no longer needed once they are packed.
        const genomes = RememberedGenomes.of(sequences.splice(0))
        return mix === 'pool'
          ? genusOddsScore(name, new GenusMemory(genomes, settings), undefined, undefined)
          : fitGated(name, genomes, settings, mix === 'gate' ? '' : networkScoreName, scores)
      },
    }
  },
  load,
})
