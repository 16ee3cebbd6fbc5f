import { brotliCompressSync, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import test from 'tape'
import { decode, encode, gcFraction, reverseComplement } from '../../../data/index.js'
import {
  compressedLength,
  crossValidatedSum,
  fitLogistic,
  fitScores,
  loadScores,
  overStrands,
  parseSpec,
  weightedScores,
} from '../../../eval/scores/index.js'
import { remembered } from '../../../eval/scores/remembered.js'
import { isClose, uniforms } from '../arbitrary.js'
import { reload, scoreOf, sequence } from './sequences.js'

test('bothStrands: mean and maximum over a fragment and its reverse complement, invariant under it', async t => {
  const first = scoreOf('first', bases => bases[0] ?? Number.NaN)
  await fc.assert(
    fc.asyncProperty(fc.array(sequence(5)), async fragments => {
      const [mean, max] = (['mean', 'max'] as const).map(join => overStrands(join, first, join))
      const ends = fragments.map(bases => [bases[0], reverseComplement(bases)[0]].map(x => x ?? Number.NaN))
      const [means, maxima] = await Promise.all([
        mean.score(fragments),
        reload(max, [first]).score(fragments),
      ])
      const reverse = await mean.score(fragments.map(reverseComplement))
      return ends.every(
        ([a, b], i) =>
          Object.is(means[i], (a + b) / 2) &&
          Object.is(maxima[i], Math.max(a, b)) &&
          Object.is(means[i], reverse[i]),
      )
    }),
  )
  t.pass('random fragments')
})

/** Random fragments of a length; deterministic. */
const fragmentsOf = (count: number, length: number, seed: number): Uint8Array[] => {
  const draws = uniforms(seed, count * length)
  return Array.from({ length: count }, (_, i) =>
    Uint8Array.from(draws.slice(i * length, (i + 1) * length), u => Math.floor(4 * u)),
  )
}

async function* nothing() {}

test('gcRegressed: residuals of in-distribution fragments have no trend in GC; others do not matter', async t => {
  const fragments = fragmentsOf(200, 30, 7)
  const labels = Uint8Array.from(fragments, (_, i) => Number(i < 100))
  const training = { genus: 'A', bases: fragments[0] }
  async function* one() {
    yield training
  }
  const samples = [{ length: 30, fragments, labels }]
  const [of, residual] = await fitScores(
    ['markov:order=1', 'gcRegressed:of=markov1'].map(parseSpec),
    one(),
    samples,
  )
  const inside = fragments.slice(0, 100)
  const residuals = await residual.score(inside)
  for (const power of [0, 1, 2]) {
    const moment = residuals.reduce((sum, r, i) => sum + r * gcFraction(inside[i]) ** power, 0)
    t.ok(Math.abs(moment) < 1e-8, `sum of residuals times GC^${power} is zero`)
  }
  t.deepEqual(await reload(residual, [of]).score(inside), residuals)
  const error = await fitScores(
    [parseSpec('markov:name=m,order=1'), parseSpec('gcRegressed:of=m')],
    one(),
  ).catch(e => e)
  t.match(error.message, /0 in-distribution fragments to fit a polynomial of degree 2 on; give more/)
})

test('compression: the length under the compressor, in nats per base, added to the likelihood', async t => {
  const repeat = encode('ACGTTGCA'.repeat(40))
  const random = fragmentsOf(1, 320, 3)[0]
  for (const fragment of [repeat, random]) {
    const text = Buffer.from(decode(fragment))
    const nats = (bytes: number) => (8 * Math.LN2 * bytes) / 320
    t.equal(
      compressedLength(fragment, 'deflate'),
      nats(deflateRawSync(text, { level: 9, memLevel: 9 }).length),
    )
    t.ok(compressedLength(fragment, 'brotli') <= nats(brotliCompressSync(text).length))
  }
  t.ok(compressedLength(repeat, 'brotli') < compressedLength(random, 'brotli') / 3)
  const spec = parseSpec('compression:of=zero')
  if (spec.kind.fittedOn !== 'scores') throw new Error('compression is derived')
  const zero = scoreOf('zero', bases => (bases.length < 2 ? Number.NaN : 0))
  const score = spec.kind.fit(spec.name, spec.options, new Map([['zero', zero]]), [])
  const values = await reload(score, [zero]).score([repeat, new Uint8Array(0)])
  t.deepEqual([...values], [compressedLength(repeat, 'brotli'), Number.NaN])
})

/** Two noisy columns, one useless, and labels. */
function problem(count: number, seed: number) {
  const draws = uniforms(seed, 4 * count)
  const labels = Uint8Array.from({ length: count }, (_, i) => Number(draws[i] < 0.3))
  const columns = [1, 2, 3].map(c =>
    Float64Array.from({ length: count }, (_, i) => 5 * draws[c * count + i] + (c < 3 ? labels[i] * c : 0)),
  )
  return { labels, columns }
}

test('logistic regression: the gradient of the penalised loss is zero', t => {
  const { labels, columns } = problem(300, 11)
  columns[0][5] = Number.NaN // this row does not count
  const l2 = 0.01
  const { intercept, weights } = fitLogistic(columns, labels, l2)
  const rows = [...labels.keys()].filter(i => i !== 5)
  const positives = rows.filter(i => labels[i]).length
  const residual = (i: number): number => {
    const z = columns.reduce((sum, column, j) => sum + weights[j] * column[i], intercept)
    return (labels[i] - 1 / (1 + Math.exp(-z))) / (2 * (labels[i] ? positives : rows.length - positives))
  }
  t.ok(Math.abs(rows.reduce((sum, i) => sum + residual(i), 0)) < 1e-9, 'intercept')
  for (const [j, column] of columns.entries()) {
    const mean = rows.reduce((sum, i) => sum + column[i], 0) / rows.length
    const deviation = Math.sqrt(rows.reduce((sum, i) => sum + (column[i] - mean) ** 2, 0) / rows.length)
    const slope = rows.reduce((sum, i) => sum + (residual(i) * (column[i] - mean)) / deviation, 0)
    t.ok(Math.abs(slope - l2 * weights[j] * deviation) < 1e-9, `column ${j}`)
  }
  t.ok(weights[1] > weights[0] && weights[0] > 0 && Math.abs(weights[2]) < weights[0] / 2)
  const separable = fitLogistic([Float64Array.of(0, 1, 2, 3)], Uint8Array.of(0, 0, 1, 1), 1e-9)
  t.ok(Number.isFinite(separable.weights[0]) && separable.weights[0] > 5, 'separable classes')
  t.throws(
    () => fitLogistic([Float64Array.of(1, 2)], Uint8Array.of(1, 1), 1),
    /2 in-distribution fragments and 0 others have all scores; both are needed/,
  )
  t.end()
})

test('weightedSum: weights between two lengths are interpolated in the logarithm, beyond them they stay', async t => {
  const of = [scoreOf('one', () => 1), scoreOf('two', () => 10)]
  const sum = weightedScores('sum', of, [
    { length: 1000, intercept: 2, weights: Float64Array.of(4, 1) },
    { length: 10, intercept: 0, weights: Float64Array.of(2, 0) },
  ])
  const fragments = [5, 10, 100, 1000, 5000].map(length => new Uint8Array(length))
  const values = await reload(sum, of).score(fragments)
  t.ok(
    [2, 2, 9, 16, 16].every((expected, i) => isClose(values[i], expected)),
    [...values].join(' '),
  )
  const at = (length: number) => ({ length, intercept: 0, weights: Float64Array.of(1, 1) })
  t.throws(() => weightedScores('sum', of, []), /sum: no labelled fragments to fit the weights on/)
  t.throws(() => weightedScores('sum', of, [at(0), at(5)]), /give each length once, or one for all/)
  t.throws(() => weightedScores('sum', of.slice(1), [at(5)]), /sum: 2 weights for 1 scores/)
})

test('weightedSum: fitted over scores of one list, stored, loaded; a component is computed once', async t => {
  const fragments = fragmentsOf(60, 40, 5)
  const labels = Uint8Array.from(fragments, (_, i) => Number(i % 2 === 0))
  const specs = ['kmers:k=3', 'markov:order=2', 'weightedSum:name=sum,of=kmers3+markov2'].map(parseSpec)
  async function* training() {
    for (const bases of fragments.slice(0, 5)) yield { genus: 'A', bases }
  }
  const scores = await fitScores(specs, training(), [{ length: 40, fragments, labels }])
  const loaded = loadScores(scores.map(score => score.store()))
  t.deepEqual(
    loaded.map(({ name }) => name),
    ['kmers3', 'markov2', 'sum'],
  )
  for (const [i, score] of scores.entries())
    t.deepEqual(await loaded[i].score(fragments), await score.score(fragments), score.name)

  let calls = 0
  const counted = remembered(
    scoreOf('counted', () => {
      calls++
      return 0
    }),
  )
  await Promise.all([counted.score(fragments), overStrands('x', counted, 'max').score(fragments)])
  t.equal(calls, 120, 'forward once, backward once')
})

test('cross-validation: what is said of a group does not depend on its labels and scores', t => {
  const { labels, columns } = problem(200, 4)
  const groups = Array.from(labels, (label, i) => `${label ? 'in' : 'ood'}${i % 7}`)
  const sums = crossValidatedSum(columns, labels, groups, { folds: 3 })
  const held = [...groups.keys()].filter(i => groups[i] === 'in0')
  const changed = columns.map(column => column.map((x, i) => (held.includes(i) ? 1000 : x)))
  const other = crossValidatedSum(changed, labels, groups, { folds: 3 })
  // Groups of the same fold are scored by the same function, those of others by one that has seen the change.
  t.ok(
    groups.every(
      (group, i) => group === 'in0' || !/^(in|ood)[036]$/.test(group) || Object.is(sums[i], other[i]),
    ),
  )
  t.ok(groups.some((_, i) => sums[i] !== other[i]))
  t.throws(
    () =>
      crossValidatedSum(
        columns,
        labels,
        groups.map(g => g.slice(0, 2)),
      ),
    /1 groups of out-of-distribution/,
  )
  t.throws(() => crossValidatedSum(columns, labels, groups, { folds: 1 }), /1 folds: give 2 or more/)
  t.end()
})

test('specs: names, and what is refused', async t => {
  const names = ['markov', 'kmers:k=15', 'mlr:order=7,own=2', 'kmers:k=3,name=x', 'weightedSum:of=a+b']
  t.deepEqual(
    names.map(text => parseSpec(text).name),
    ['markov', 'kmers15', 'mlr7-2', 'x', 'weightedSuma-b'],
  )
  for (const [text, message] of [
    ['kmer', /no score of the kind 'kmer'; there are markov, markovRatio, mlr, genusOdds, genusLeads, kmers/],
    ['kmers:15', /'15' is not OPTION=VALUE, as in kmers:k=15/],
    ['kmers:k=32', /k is '32'; give a whole number from 1 to 31/],
    ['kmers:size=3', /no option 'size'; there are k, set, logBits/],
    ['markov:pseudocount=0', /pseudocount is '0'; give a positive number/],
    ['markov:strands=three', /strands is 'three'; give one of both, one/],
    ['kmers:k=3,k=4', /an option is given twice/],
    ['kmers:name=a b', /the name 'a b' may have letters/],
    ['bothStrands:of=a+b', /of is 'a\+b'; give the name of a score/],
    ['weightedSum', /of is missing; give names of scores, joined by \+/],
  ] as const)
    t.throws(() => parseSpec(text), message, text)
  const failing = (...texts: string[]) =>
    fitScores(texts.map(parseSpec), nothing()).catch(error => error.message)
  t.match(
    await failing('gcRegressed:of=markov', 'markov'),
    /computed from 'markov', which does not come before it/,
  )
  t.match(await failing('kmers', 'kmers'), /two scores are called kmers; give one another name/)
  t.throws(
    () =>
      loadScores([{ kind: 'kmers', name: 'k', settings: { k: 3, set: 'exact', logBits: 30 }, arrays: {} }]),
    /k: its array bits is missing, wanted uint8/,
  )
  t.throws(
    () =>
      loadScores([
        {
          kind: 'markov',
          name: 'm',
          settings: { order: 1 },
          arrays: { logProbabilities: new Float32Array(3) },
        },
      ]),
    /Markov chain of order 1: got 3 log-probabilities, wanted 20/,
  )
})
