import test from 'tape'
import { encode } from '../../data/index.js'
import { bitsAt, device, dispose, keyFromSeed, tensor } from '../../engine/index.js'
import { gru } from '../../model/cells/gru.js'
import { countPredictions, initialState, predict, Scorer } from '../../model/index.js'

const options = { cell: gru, hidden: 5 }
const { parameters } = initialState({ ...options, seed: 1 })

/** A read of known bases. */
const readOf = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => bitsAt(keyFromSeed(seed), 0, i) & 3)

/** The log-likelihood of a read of known bases, the whole of it at once. */
async function logLikelihood(read: Uint8Array): Promise<number> {
  const tokens = tensor(Int32Array.from(read), { shape: [1, read.length] })
  const logits = await predict(options, parameters, tokens).logits.data()
  let sum = 0
  for (let t = 0; t + 1 < read.length; t++) {
    const exponentials = Array.from(logits.subarray(4 * t, 4 * t + 4), x => Math.exp(x))
    sum += Math.log(exponentials[read[t + 1]] / exponentials.reduce((a, b) => a + b))
  }
  return sum
}

test('scorer: reads of any length, in any batch, have the log-likelihood of the whole read', async t => {
  const reads = [700, 2, 40, 257, 513, 41, 256].map(readOf)
  const expected = await Promise.all(reads.map(logLikelihood))
  for (const batch of [1, 3, 100]) {
    const scorer = new Scorer(options, parameters, batch)
    const likelihoods = await scorer.score(reads)
    const errors = likelihoods.map(({ sum, count }, i) => Math.abs(sum - expected[i]) / count)
    t.ok(Math.max(...errors) < 1e-6, `batch ${batch}: ${Math.max(...errors).toExponential(1)} nats per base`)
    scorer.dispose()
  }
})

test('scorer: a long record in stretches, each with the state that the 1,024 bases before it leave', async t => {
  const record = readOf(2 ** 16 + 5000, 3)
  const scorer = new Scorer(options, parameters, 16)
  const track = new Float32Array(record.length)
  let progress = 0
  const [whole] = await scorer.score([record], { perBase: [track], onProgress: n => (progress += n) })
  const stretches: Uint8Array[] = []
  const warmUps: Uint8Array[] = []
  for (let first = 0; first < record.length - 1; first += 8192) {
    const start = Math.max(0, first - 1024)
    stretches.push(record.subarray(start, first + 8192 + 1))
    warmUps.push(record.subarray(start, first + 1))
  }
  const sumOf = async (reads: Uint8Array[]) =>
    (await scorer.score(reads)).reduce((sum, { sum: ofRead }) => sum + ofRead, 0)
  const expected = (await sumOf(stretches)) - (await sumOf(warmUps))
  t.equal(whole.count, record.length - 1)
  t.ok(Math.abs(whole.sum - expected) / record.length < 1e-6, `${whole.sum}, ${expected}`)
  t.ok(Math.abs(track.reduce((sum, ll) => sum + ll, 0) - whole.sum) < 1e-2, 'the track sums to it')
  t.equal(progress, whole.count)
  // One base less is scored as a whole: the state's past beyond the warm-up hardly matters.
  const parts = await scorer.score([record.subarray(0, 2 ** 16), record.subarray(0, 2 ** 16 + 1)])
  t.ok(Math.abs(parts[0].mean - parts[1].mean) < 1e-4, `${parts[0].mean}, ${parts[1].mean}`)
  scorer.dispose()
})

test('scorer: only known bases after known ones count; without any there is no mean', async t => {
  const reads = ['', 'A', 'NN', 'NA', 'ANC', 'ACNGT', 'ACGT'].map(encode)
  t.deepEqual(reads.map(countPredictions), [0, 0, 0, 0, 0, 2, 3])
  const scorer = new Scorer(options, parameters)
  const likelihoods = await scorer.score(reads)
  scorer.dispose()
  t.deepEqual(
    likelihoods.map(({ sum, count, mean }) => [count, sum < 0, mean < 0]),
    [0, 0, 0, 0, 0, 2, 3].map(count => [count, count > 0, count > 0]),
  )
  t.ok(likelihoods.slice(0, 5).every(({ sum, mean }) => Math.abs(sum) === 0 && Number.isNaN(mean)))
})

test('scorer: dispose gives back all memory but the parameters', async t => {
  const before = device('wasm').stats()
  const scorer = new Scorer(options, parameters, 4)
  await scorer.score([600, 30, 30, 30, 30].map(readOf))
  scorer.dispose()
  t.deepEqual(device('wasm').stats(), before)
  dispose(parameters)
})
