import test from 'tape'
import { bitsAt, keyFromSeed, randomKey, tensor } from '../../../engine/index.js'
import { FragmentClassifier, hiddenLayer, initialClassifier } from '../../../model/index.js'

const description = {
  motifs: 6,
  motifLength: 5,
  hidden: 4,
  classes: 2,
  embedding: false,
  length: 20,
  classNames: ['a', 'b'],
}
const parameters = initialClassifier(description, randomKey(2))

const fragmentOf = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => bitsAt(keyFromSeed(length), 0, i) & 3)

/** The hidden layer of one window, filled up with unknown bases. */
async function hiddenOf(window: Uint8Array): Promise<Float64Array> {
  const tokens = Int32Array.from({ length: description.length }, (_, i) => window[i] ?? 4)
  const hidden = hiddenLayer(parameters, tensor(tokens, { shape: [1, description.length] }))
  return Float64Array.from(await hidden.data())
}

test('features of a fragment are the means over the windows that cover it', async t => {
  // Starts of the windows: as few as cover the fragment, evenly spaced.
  const cases: [length: number, starts: number[]][] = [
    [5, [0]],
    [19, [0]],
    [20, [0]],
    [21, [0, 1]],
    [40, [0, 20]],
    [45, [0, 13, 25]],
    [100, [0, 20, 40, 60, 80]],
  ]
  const fragments = cases.map(([length]) => fragmentOf(length))
  for (const batch of [1, 3, 100]) {
    const model = await FragmentClassifier.open(description, parameters, { batch })
    const features = await model.features(fragments)
    for (const [i, [length, starts]] of cases.entries()) {
      const windows = await Promise.all(starts.map(s => hiddenOf(fragments[i].subarray(s, s + 20))))
      const worst = windows[0].reduce((most, _, h) => {
        const mean = windows.reduce((sum, w) => sum + w[h], 0) / windows.length
        return Math.max(most, Math.abs(mean - features[4 * i + h]))
      }, 0)
      t.ok(worst < 1e-6, `${length} bases, batches of ${batch}: ${worst.toExponential(1)}`)
    }
    model.dispose()
  }
})

test('a fragment shorter than a motif has no features; the same fragments are computed once', async t => {
  const model = await FragmentClassifier.open(description, parameters)
  const fragments = [fragmentOf(4), new Uint8Array(0), fragmentOf(30)]
  const features = await model.features(fragments)
  t.ok(features.subarray(0, 8).every(Number.isNaN) && features.subarray(8).every(Number.isFinite))
  t.equal(await model.features(fragments), features, 'kept for the next score')
  const again = await model.features([...fragments])
  t.ok(again !== features && again.every((x, i) => Object.is(x, features[i])), 'another array is computed')
  t.deepEqual(await model.features([]), new Float64Array(0))
  model.dispose()
})

test('windows of unknown bases do not count, and a fragment of them has no features', async t => {
  const model = await FragmentClassifier.open(description, parameters)
  // Three windows of 20 bases, of which only the first knows enough of them.
  const gap = fragmentOf(60).fill(4, 20)
  gap.set([0, 1, 2, 3], 30)
  const features = await model.features([new Uint8Array(25).fill(4), gap])
  t.ok(features.subarray(0, 4).every(Number.isNaN), 'nothing is known')
  const first = await hiddenOf(gap.subarray(0, 20))
  t.ok(
    first.every((x, h) => Math.abs(x - features[4 + h]) < 1e-6),
    'the mean is that of what is known',
  )
  model.dispose()
})
