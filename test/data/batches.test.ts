import fc from 'fast-check'
import test from 'tape'
import { TrainingBatches } from '../../data/batches.js'
import type { ReadSet } from '../../data/readSet.js'

/** A set whose reads are told apart by their bases: the digits of their index in base 4. */
function setOf(count: number, length = 6): ReadSet {
  const tokens = Uint8Array.from(
    { length: count * length },
    (_, i) => (Math.floor(i / length) >> (2 * (i % length))) & 3,
  )
  const skipped = { short: 0, unknownBase: 0, otherLabel: 0 }
  return { tokens, labels: new Int32Array(count), count, length, skipped }
}

test('an epoch has every read once, whatever the batch size; batches are whole', t => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 50 }),
      fc.nat(1000),
      (count, batchSize, seed) => {
        const batches = new TrainingBatches(setOf(count), { batchSize, seed })
        const steps = Math.ceil((3 * count) / batchSize)
        const batchReads = Array.from({ length: steps }, (_, step) => batches.readsAt(step)).flat()
        for (let epoch = 0; epoch < 3; epoch++) {
          const seen = batchReads.slice(epoch * count, (epoch + 1) * count)
          if (!seen.every(drawn => drawn.epoch === epoch)) return false
          if (new Set(seen.map(drawn => drawn.read)).size !== count) return false
        }
        return batchReads.length === steps * batchSize
      },
    ),
  )
  t.pass()
  t.end()
})

test('a batch is a pure function of seed and step', t => {
  const set = setOf(300)
  const options = { batchSize: 32, seed: 5, mutationRate: 0.2 }
  const straight = new TrainingBatches(set, options)
  const uninterrupted = Array.from({ length: 30 }, (_, step) => straight.batchAt(step))
  const resumed = new TrainingBatches(set, options)
  for (const step of [29, 17, 3, 18, 0, 9])
    t.deepEqual(resumed.batchAt(step), uninterrupted[step], `step ${step}`)
  t.notDeepEqual(new TrainingBatches(set, { ...options, seed: 6 }).batchAt(0), uninterrupted[0])
  t.equal(straight.batchAt(4, uninterrupted[3]), uninterrupted[3], 'into a given array')
  t.end()
})

test('batches hold the reads that readsAt names; mutations are new in every epoch', t => {
  const set = setOf(64)
  const plain = new TrainingBatches(set, { batchSize: 64, seed: 1 })
  plain.readsAt(2).forEach(({ read }, i) => {
    t.deepEqual(
      [...plain.batchAt(2).subarray(6 * i, 6 * i + 6)],
      [...set.tokens.subarray(6 * read, 6 * read + 6)],
    )
  })
  const mutating = new TrainingBatches(set, { batchSize: 64, seed: 1, mutationRate: 0.5 })
  const [first, second] = [0, 1].map(step => {
    const batch = mutating.batchAt(step)
    return mutating
      .readsAt(step)
      .map(({ read }, i) => ({ read, bases: batch.slice(6 * i, 6 * i + 6).join('') }))
      .sort((a, b) => a.read - b.read)
  })
  t.notDeepEqual(first, second)
  t.end()
})

test('what makes no sense is refused', t => {
  t.throws(() => new TrainingBatches(setOf(3), { batchSize: 0, seed: 1 }), /batch size: got 0/)
  t.throws(
    () => new TrainingBatches(setOf(3), { batchSize: 1, seed: 1, mutationRate: 1.5 }),
    /mutation rate: got 1.5/,
  )
  t.throws(() => new TrainingBatches(setOf(0), { batchSize: 1, seed: 1 }), /has no reads/)
  t.throws(() => new TrainingBatches(setOf(3), { batchSize: 1, seed: 1 }).batchAt(-1), /step: got -1/)
  t.end()
})
