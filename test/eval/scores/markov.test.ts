import fc from 'fast-check'
import test from 'tape'
import { likelihoodRatio, MarkovCounts, maximumLikelihood } from '../../../eval/scores/index.js'
import { OwnChain, OwnChainByCriterion } from '../../../eval/scores/ownChain.js'
import { countPredictions } from '../../../model/index.js'
import { agree, fitOn, reload, sequence, trainingAndFragments, withReverse } from './sequences.js'

/** Each predicted base with its context: the known bases before it, at most `order` of them. */
function* predictions(bases: Uint8Array, order: number): Generator<[context: string, base: string]> {
  const text = bases.join('')
  for (let i = 1; i < text.length; i++) {
    const run = text.slice(0, i).split('4').at(-1)!
    if (text[i] !== '4' && run !== '') yield [order === 0 ? '' : run.slice(-order), text[i]]
  }
}

/** Mean log-likelihood by definition, counting anew for every base. */
function directMean(training: readonly Uint8Array[], fragment: Uint8Array, order: number, a: number): number {
  const seen = training.flatMap(bases => [...predictions(bases, order)])
  let sum = 0
  let count = 0
  for (const [context, base] of predictions(fragment, order)) {
    const alike = seen.filter(([c]) => c.endsWith(context))
    sum += Math.log((alike.filter(([, b]) => b === base).length + a) / (alike.length + 4 * a))
    count++
  }
  return count ? sum / count : Number.NaN
}

test('markov: the likelihood by definition, for every order, and again when it was stored', async t => {
  for (const order of [0, 1, 2, 3, 5])
    await fc.assert(
      fc.asyncProperty(
        trainingAndFragments,
        fc.constantFrom(0.25, 1),
        fc.boolean(),
        async ({ training, fragments }, a, both) => {
          const spec = `markov:order=${order},pseudocount=${a},strands=${both ? 'both' : 'one'}`
          const score = fitOn(spec, training)
          const seen = both ? withReverse(training) : training
          const values = await score.score(fragments)
          const direct = fragments.map(fragment => directMean(seen, fragment, order, a))
          const again = await reload(score).score(fragments)
          return agree(values, direct) && values.every((x, i) => Object.is(x, again[i]))
        },
      ),
      { numRuns: 15 },
    )
  t.pass('orders 0 to 5')
})

test('markov: predicts the bases that a network predicts', t => {
  const chain = new MarkovCounts(3).chain(1)
  fc.assert(fc.property(sequence(), bases => chain.logLikelihood(bases).count === countPredictions(bases)))
  t.pass('random sequences with unknown bases')
  t.end()
})

test('markovRatio: the difference of two likelihoods', async t => {
  await fc.assert(
    fc.asyncProperty(trainingAndFragments, async ({ training, fragments }) => {
      const ratio = fitOn('markovRatio:order=3,background=1', training)
      const [high, low] = await Promise.all(
        [3, 1].map(order => fitOn(`markov:order=${order}`, training).score(fragments)),
      )
      const values = await ratio.score(fragments)
      const again = await reload(ratio).score(fragments)
      return (
        agree(
          values,
          [...high].map((x, i) => x - low[i]),
        ) && values.every((x, i) => Object.is(x, again[i]))
      )
    }),
    { numRuns: 20 },
  )
  t.pass('orders 3 and 1')
})

test('fragments of 0 and 1 bases have no likelihood, one of 2 bases has', async t => {
  const fragments = [[], [1], [1, 2], [1, 4, 2], [4, 4]].map(bases => Uint8Array.from(bases))
  for (const spec of ['markov:order=8', 'markovRatio', 'mlr:own=none,order=4']) {
    const values = await fitOn(spec, [Uint8Array.from({ length: 50 }, (_, i) => (i * i) % 4)]).score(
      fragments,
    )
    t.deepEqual([...values].map(Number.isNaN), [true, true, false, true, true], spec)
  }
})

test('a foreground and a background that predict other bases are not compared', async t => {
  const model = (count: number) => ({ logLikelihoods: async () => [{ sum: -1, count }] })
  await likelihoodRatio('llr', model(249), model(248))
    .score([new Uint8Array(250)])
    .then(
      () => t.fail(),
      error =>
        t.match(error.message, /^llr: the foreground predicts 249 bases of fragment 0, the background 248;/),
    )
})

/** The likelihood of a fragment under its own frequencies, by definition. */
function directOwn(bases: Uint8Array, order: number, a = 0): { sum: number; count: number } {
  const words = Array.from({ length: Math.max(0, bases.length - order) }, (_, i) =>
    bases.slice(i, i + order + 1).join(''),
  ).filter(word => !word.includes('4'))
  const logs = words.map(word => {
    const alike = words.filter(other => other.slice(0, -1) === word.slice(0, -1))
    return Math.log((alike.filter(other => other === word).length + a) / (alike.length + 4 * a))
  })
  return { sum: logs.reduce((a, b) => a + b, 0), count: words.length }
}

test("a fragment's own chain: by definition; the criterion takes the order with the least", t => {
  fc.assert(
    fc.property(sequence(), fc.nat(4), fc.constantFrom(0, 0.5), (bases, order, a) => {
      const [got, direct] = [new OwnChain(order, a).logLikelihood(bases), directOwn(bases, order, a)]
      return got.count === direct.count && Math.abs(got.sum - direct.sum) < 1e-9
    }),
  )
  fc.assert(
    fc.property(sequence(), bases => {
      const criterion = ({ sum, count }: { sum: number; count: number }, order: number) =>
        (3 * 4 ** order * Math.log(count) - 2 * sum) / count
      const direct = [0, 1, 2, 3].map(order => directOwn(bases, order)).filter(({ count }) => count > 0)
      const chosen = new OwnChainByCriterion(3).logLikelihood(bases)
      if (direct.length === 0) return chosen.count === 0
      const least = Math.min(...direct.map(criterion))
      return direct.some(
        (d, order) => Math.abs(d.sum - chosen.sum) < 1e-9 && criterion(d, order) - least < 1e-9,
      )
    }),
  )
  t.pass('orders 0 to 4')
  t.end()
})

test('mlr: the greatest likelihood of the genera minus the own chain, with chains or any models', async t => {
  await fc.assert(
    fc.asyncProperty(trainingAndFragments, async ({ training, fragments }) => {
      const mlr = fitOn('mlr:order=2,own=1,ownPseudocount=0.5', training)
      const genera = [0, 1].map(g => training.filter((_, i) => i % 2 === g)).filter(of => of.length > 0)
      const direct = fragments.map(fragment => {
        const { sum, count } = directOwn(fragment, 1, 0.5)
        const classes = genera.map(of => directMean(withReverse(of), fragment, 2, 1))
        return count ? Math.max(...classes) - sum / count : Number.NaN
      })
      const values = await mlr.score(fragments)
      const again = await reload(mlr).score(fragments)
      return agree(values, direct) && values.every((x, i) => Object.is(x, again[i]))
    }),
    { numRuns: 20 },
  )
  const models = [-20, -10].map(sum => ({ logLikelihoods: async () => [{ sum, count: 10 }] }))
  t.deepEqual([...(await maximumLikelihood('max', models, 'none').score([new Uint8Array(11)]))], [-1])
})

test('chains: what is refused', t => {
  t.throws(() => new MarkovCounts(13), /Markov chain of order 13: give a whole number from 0 to 12/)
  t.throws(() => new MarkovCounts(1).chain(0), /pseudocount 0: give a positive number/)
  t.throws(() => fitOn('mlr', []), /^RangeError: mlr: no sequences to fit on/)
  t.end()
})
