import { fileURLToPath } from 'node:url'
import test from 'tape'
import { keyFromSeed, uniformAt } from '../../../engine/hostRandom.js'
import {
  type ClassifierModel,
  defaultRidge,
  fitGaussians,
  isClassifierScore,
  type LikelihoodModel,
  loadClassifierScore,
  logOdds,
  mahalanobis,
  maximumProbability,
  negativeEntropy,
  odin,
  relativeMahalanobis,
  type StorableScore,
  waic,
} from '../../../eval/scores/index.js'
import { testPython } from '../../python.js'

const script = fileURLToPath(new URL('../../../../test/eval/scores/classifierScores.py', import.meta.url))

/** Numbers in [-1, 1). */
const numbers = (count: number, seed: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => 2 * uniformAt(keyFromSeed(seed), 0, i) - 1)

/** A classifier whose features of the fragment [i] are row i of a table, half of them 0 as after a ReLU. */
function tableModel(seed: number, { hidden = 7, classes = 4, rows = 60 } = {}) {
  const features = numbers(rows * hidden, seed).map(x => 3 * Math.max(0, x))
  const model: ClassifierModel = {
    hidden,
    classes,
    kernel: Float32Array.from(numbers(hidden * classes, seed + 1)),
    bias: Float32Array.from(numbers(classes, seed + 2)),
    features: async fragments =>
      Float64Array.from({ length: fragments.length * hidden }, (_, i) =>
        fragments[Math.floor(i / hidden)].length === 0
          ? Number.NaN
          : features[fragments[Math.floor(i / hidden)][0] * hidden + (i % hidden)],
      ),
  }
  return { model, features }
}

const fragments = Array.from({ length: 20 }, (_, i) => Uint8Array.of(i))
const fitted = Array.from({ length: 40 }, (_, i) => Uint8Array.of(20 + i))
const fittedClasses = fitted.map((_, i) => i % 4)
const [temperature, epsilon] = [1.5, 0.05]

async function allScores(): Promise<{ scores: Record<string, StorableScore>; models: ClassifierModel[] }> {
  const models = [tableModel(1).model, tableModel(11).model]
  const [model] = models
  const gaussians = await fitGaussians(model, fitted, fittedClasses)
  return {
    models,
    scores: {
      maximum: maximumProbability([model], { temperature }),
      entropy: negativeEntropy([model], { temperature }),
      ensembleMaximum: maximumProbability(models, { temperature }),
      ensembleEntropy: negativeEntropy(models, { temperature }),
      odin: odin(model, { temperature, epsilon }),
      mahalanobis: mahalanobis(model, gaussians),
      relative: relativeMahalanobis(model, gaussians),
    },
  }
}

const largestDifference = (a: ArrayLike<number>, b: readonly number[]): number =>
  b.reduce((most, x, i) => Math.max(most, Math.abs(a[i] - x) / Math.max(1, Math.abs(x))), 0)

/** Generative models with given log-likelihoods of fragments. */
const likelihoodModel = (sums: ArrayLike<number>, count: number): LikelihoodModel => ({
  logLikelihoods: async given => given.map((_, i) => ({ sum: sums[i], count })),
})

testPython('scores of classifiers equal those of numpy on the same features', ['numpy'], async (t, run) => {
  const { scores } = await allScores()
  const tables = [tableModel(1), tableModel(11)]
  const likelihoods = [3, 4, 5].map(seed => Array.from(numbers(fragments.length, seed), x => 40 * x - 300))
  const expected = run(script, {
    temperature,
    epsilon,
    ridge: defaultRidge,
    models: tables.map(({ model: { hidden, classes, kernel, bias }, features }) => ({
      hidden,
      classes,
      kernel: [...kernel],
      bias: [...bias],
      features: [...features.subarray(0, fragments.length * hidden)],
    })),
    fitted: [...tables[0].features.subarray(20 * 7)],
    fittedClasses,
    likelihoods,
    count: 249,
  }) as Record<string, number[]>
  for (const [name, score] of Object.entries(scores)) {
    const difference = largestDifference(await score.score(fragments), expected[name])
    t.ok(difference < 1e-9, `${name}: ${difference.toExponential(1)}`)
  }
  const criterion = waic(likelihoods.map(sums => likelihoodModel(sums, 249)))
  const difference = largestDifference(await criterion.score(fragments), expected.waic)
  t.ok(difference < 1e-12, `waic: ${difference.toExponential(1)}`)
})

test('scores of classifiers come back from what is stored of them', async t => {
  const { scores, models } = await allScores()
  for (const [name, score] of Object.entries(scores)) {
    const stored = score.store()
    t.ok(isClassifierScore(stored))
    const ensemble = name.startsWith('ensemble') ? models : models.slice(0, 1)
    const again = loadClassifierScore(stored, ensemble)
    t.equal(again.name, score.name)
    t.deepEqual(await again.score(fragments), await score.score(fragments), name)
  }
  const { model } = tableModel(1)
  const stored = scores.mahalanobis.store()
  t.throws(
    () => loadClassifierScore({ ...stored, arrays: {} }, [model]),
    /mahalanobis: the array means is missing/,
  )
  t.throws(() => loadClassifierScore({ ...stored, kind: 'kmers' }, [model]), /a score of kind 'kmers'/)
  t.throws(() => loadClassifierScore(stored, []), /no classifier/)
  t.throws(
    () => loadClassifierScore(stored, [tableModel(1, { hidden: 6 }).model]),
    /Gaussians of 7 features .* 6 features/,
  )
  t.throws(
    () => loadClassifierScore({ ...scores.odin.store(), settings: { temperature: 'hot' } }, [model]),
    /setting temperature is "hot"/,
  )
})

test('scores of classifiers: a fragment without features has none, and sureness has no ceiling', async t => {
  const { scores } = await allScores()
  for (const [name, score] of Object.entries(scores)) {
    const [first, none] = await score.score([fragments[0], new Uint8Array(0)])
    t.ok(Number.isFinite(first) && Number.isNaN(none), name)
  }
  // Probabilities that differ from 1 by 1e-30 and 1e-40.
  const sure: ClassifierModel = {
    hidden: 1,
    classes: 2,
    kernel: Float32Array.of(1, 0),
    bias: Float32Array.of(0, 0),
    features: async () => Float64Array.of(30 * Math.LN10, 40 * Math.LN10),
  }
  const [less, more] = await maximumProbability([sure]).score(fragments.slice(0, 2))
  t.ok(Math.abs(less / -1e-30 - 1) < 1e-9 && Math.abs(more / -1e-40 - 1) < 1e-9, `${less}, ${more}`)
  const [lower, higher] = await negativeEntropy([sure]).score(fragments.slice(0, 2))
  t.ok(lower < higher && higher < 0, `${lower}, ${higher}`)
  t.deepEqual([...(await logOdds(sure).score(fragments.slice(0, 2)))], [30 * Math.LN10, 40 * Math.LN10])
})

test('scores of classifiers: what does not fit is refused', async t => {
  const { model } = tableModel(1)
  t.throws(() => maximumProbability([]), /no classifiers/)
  t.throws(() => maximumProbability([model, tableModel(2, { classes: 3 }).model]), /4 and 3 classes/)
  t.throws(() => logOdds(model), /4 classes; give one of 2/)
  t.throws(() => waic([likelihoodModel([1], 1)]), /1 model; give two or more/)
  const threeOnly = fittedClasses.map(c => c % 3)
  await fitGaussians(model, fitted, threeOnly).then(
    () => t.fail('fitted without a class'),
    error => t.match(error.message, /no fragments of class 3/),
  )
})
