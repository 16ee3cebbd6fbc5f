import { type Fitting, sequenceKind } from './kind.js'
import { likelihood, likelihoodRatio } from './likelihood.js'
import { MarkovChain, MarkovCounts, maxMarkovOrder } from './markovChain.js'
import { fittedStrands, positiveNumber, wholeNumber } from './options.js'
import type { StorableScore } from './score.js'
import { storedArray, storedWhole } from './stored.js'

const order = wholeNumber(10, {
  least: 0,
  most: maxMarkovOrder,
  meaning: 'bases that the next one depends on',
})
const pseudocount = positiveNumber(1, 'is added to the count of each base in each context')

function markovLikelihood(name: string, chain: MarkovChain): StorableScore {
  return {
    ...likelihood(name, chain),
    store: () => ({
      kind: 'markov',
      name,
      settings: { order: chain.order },
      arrays: { logProbabilities: chain.logProbabilities },
    }),
  }
}

/** The log-likelihood under one Markov chain of all sequences. */
export const markov = sequenceKind({
  meaning: 'log-likelihood under a Markov chain of the genomes',
  options: { order, pseudocount, strands: fittedStrands },
  startFit(name, options) {
    const counts = new MarkovCounts(options.order)
    return {
      add: ({ bases }) => counts.add(bases, options.strands === 'both'),
      finish: () => markovLikelihood(name, counts.chain(options.pseudocount)),
    }
  },
  load: stored =>
    markovLikelihood(
      stored.name,
      new MarkovChain(storedWhole(stored, 'order'), storedArray(stored, 'logProbabilities', 'float32')),
    ),
})

function chainRatio(name: string, foreground: MarkovChain, background: MarkovChain): StorableScore {
  return {
    ...likelihoodRatio(name, foreground, background),
    store: () => ({
      kind: 'markovRatio',
      name,
      settings: { order: foreground.order, background: background.order },
      arrays: { foreground: foreground.logProbabilities, background: background.logProbabilities },
    }),
  }
}

/** The log-likelihood ratio of two Markov chains of all sequences, of a high and a low order. */
export const markovRatio = sequenceKind({
  meaning: 'log-likelihood ratio of two Markov chains of the genomes',
  options: {
    order,
    background: wholeNumber(1, { least: 0, most: maxMarkovOrder, meaning: 'order of the background chain' }),
    pseudocount,
    strands: fittedStrands,
  },
  startFit(name, options): Fitting {
    const [foreground, background] = [options.order, options.background].map(order => new MarkovCounts(order))
    return {
      add({ bases }) {
        for (const counts of [foreground, background]) counts.add(bases, options.strands === 'both')
      },
      finish: () =>
        chainRatio(name, foreground.chain(options.pseudocount), background.chain(options.pseudocount)),
    }
  },
  load: stored =>
    chainRatio(
      stored.name,
      new MarkovChain(storedWhole(stored, 'order'), storedArray(stored, 'foreground', 'float32')),
      new MarkovChain(storedWhole(stored, 'background'), storedArray(stored, 'background', 'float32')),
    ),
})
