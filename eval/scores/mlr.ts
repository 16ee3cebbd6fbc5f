/**
 * Maximum over class-conditional likelihoods, alone and against the fragment's own Markov chain (MLR-OOD: Bai, Ren &
 * Sun 2022, J. Mol. Biol. 434, 167586). The classes' models are chains here; `maximumLikelihood` takes any.
 */
import { sequenceKind } from './kind.js'
import { meanLogLikelihood } from './likelihood.js'
import { MarkovChain, MarkovCounts } from './markovChain.js'
import { fittedStrands, numberFromZero, oneOf, positiveNumber, wholeNumber } from './options.js'
import { OwnChain, OwnChainByCriterion } from './ownChain.js'
import type { LikelihoodModel, Score, StorableScore, StoredScore } from './score.js'
import { storedArray, storedChoice, storedNumber, storedTexts, storedWhole } from './stored.js'

/**
 * What a fragment's own chain is: of a fixed order, of the order that the Bayesian information criterion chooses, or
 * left out.
 */
const ownOrders = ['2', 'none', '0', '1', '3', '4', '5', '6', 'bic'] as const
/** How the order of a fragment's own chain is chosen. */
export type OwnOrder = (typeof ownOrders)[number]

/** Ten classes of this order have 450 MB of counts and of logarithms each. */
const maxClassOrder = 10

/**
 * The greatest of the classes' log-likelihoods, minus that of the fragment's own chain: mean nats per predicted base,
 * each of the bases that it predicts. Not defined for a fragment whose own chain has nothing to predict.
 */
export function maximumLikelihood(
  name: string,
  classes: readonly LikelihoodModel[],
  ownOrder: OwnOrder,
  ownPseudocount = 0,
): Score {
  const own = makeOwnChain(ownOrder, ownPseudocount)
  return {
    name,
    async score(fragments) {
      const greatest = new Float64Array(fragments.length).fill(Number.NEGATIVE_INFINITY)
      for (const model of classes)
        for (const [i, likelihood] of (await model.logLikelihoods(fragments)).entries())
          greatest[i] = Math.max(greatest[i], meanLogLikelihood(likelihood))
      if (!own) return greatest
      return greatest.map((value, i) => value - meanLogLikelihood(own.logLikelihood(fragments[i])))
    },
    dispose() {
      for (const model of classes) model.dispose?.()
    },
  }
}

function makeOwnChain(order: OwnOrder, pseudocount: number): OwnChain | OwnChainByCriterion | undefined {
  if (order === 'none') return undefined
  return order === 'bic'
    ? new OwnChainByCriterion(undefined, pseudocount)
    : new OwnChain(Number(order), pseudocount)
}

/** The same over Markov chains, one for each genus. */
function mlrScore(
  name: string,
  chains: ReadonlyMap<string, MarkovChain>,
  own: OwnOrder,
  ownPseudocount: number,
): StorableScore {
  const [{ order }] = chains.values()
  return {
    ...maximumLikelihood(name, [...chains.values()], own, ownPseudocount),
    store: () => ({
      kind: 'mlr',
      name,
      settings: { order, own, ownPseudocount, genera: [...chains.keys()] },
      arrays: Object.fromEntries(
        [...chains.values()].map((chain, i) => [`class${i}`, chain.logProbabilities]),
      ),
    }),
  }
}

function loadMlr(stored: StoredScore): StorableScore {
  const order = storedWhole(stored, 'order')
  const chains = storedTexts(stored, 'genera').map((genus, i): [string, MarkovChain] => [
    genus,
    new MarkovChain(order, storedArray(stored, `class${i}`, 'float32')),
  ])
  return mlrScore(
    stored.name,
    new Map(chains),
    storedChoice(stored, 'own', ownOrders),
    storedNumber(stored, 'ownPseudocount'),
  )
}

export const mlr = sequenceKind({
  meaning:
    "maximum log-likelihood over a Markov chain for each genus, minus that of the fragment's own chain",
  options: {
    order: wholeNumber(7, { least: 0, most: maxClassOrder, meaning: "order of the genera's chains" }),
    own: oneOf(
      ownOrders,
      "order of the fragment's own chain; bic: by the Bayesian information criterion; none: no such chain",
    ),
    ownPseudocount: numberFromZero(0, "is added to each count of the fragment's own chain"),
    pseudocount: positiveNumber(1, 'is added to the count of each base in each context'),
    strands: fittedStrands,
  },
  startFit(name, { order, own, ownPseudocount, pseudocount, strands }) {
    const counts = new Map<string, MarkovCounts>()
    return {
      add({ genus, bases }) {
        let ofGenus = counts.get(genus)
        if (!ofGenus) {
          ofGenus = new MarkovCounts(order)
          counts.set(genus, ofGenus)
        }
        ofGenus.add(bases, strands === 'both')
      },
      finish() {
        if (counts.size === 0) throw new RangeError(`${name}: no sequences to fit on`)
        const chains = Array.from(counts, ([genus, ofGenus]): [string, MarkovChain] => [
          genus,
          ofGenus.chain(pseudocount),
        ])
        return mlrScore(name, new Map(chains), own, ownPseudocount)
      },
    }
  },
  load: loadMlr,
})
