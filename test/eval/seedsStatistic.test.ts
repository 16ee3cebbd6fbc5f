import test from 'tape'
import { auroc, meanBatchAuroc, meanLoggedAuroc, trainingCurve } from '../../eval/index.js'
import { isClose, uniforms } from './arbitrary.js'

test('mean batch AUROC: batches in the order of the reads, the last ones incomplete', t => {
  const inside = uniforms(1, 350).map(u => u + 0.2)
  const outside = uniforms(2, 520)
  const batches = [0, 100, 200].map(at => auroc(inside.slice(at, at + 100), outside.slice(at, at + 100)))
  const mean = (batches[0] + batches[1] + batches[2]) / 3
  const { value, low, high, batches: count } = meanBatchAuroc(inside, outside)
  t.ok(isClose(value, mean) && count === 3)
  const deviation = Math.sqrt(batches.reduce((sum, one) => sum + (one - mean) ** 2, 0) / 2)
  t.ok(isClose(high - low, (2 * 4.302652729696142 * deviation) / Math.sqrt(3), 1e-9), "Student's interval")
  t.equal(meanBatchAuroc(inside, outside, 10).batches, 35)
  const one = meanBatchAuroc(inside.slice(0, 120), outside)
  t.ok(one.value === batches[0] && Number.isNaN(one.low), 'one batch: no interval')
  const apart = meanBatchAuroc([0, 1, 2, 3], [-1, 0.5, -1, -1], 2)
  t.deepEqual([apart.value, apart.low, apart.high], [0.875, 0, 1], 'no interval goes beyond 0 and 1')
  const none = meanBatchAuroc(inside.slice(0, 99), outside)
  t.ok(Number.isNaN(none.value) && none.batches === 0, 'no batch: NA')
  t.end()
})

test('mean logged AUROC: over a window of steps, or the last hundred validations', t => {
  const lines = Array.from({ length: 300 }, (_, i) => ({
    step: 10 * i,
    loss: 1.4,
    ...(i % 2 === 0 && { auroc: 0.5 + i / 1000, val_loss: 1.5 }),
  }))
  const curve = trainingCurve('run', [{ note: 'no step' }, ...lines])
  t.deepEqual(curve.points[0], { step: 0, loss: 1.4, validationLoss: 1.5, auroc: 0.5 })
  t.deepEqual(curve.points[1], { step: 10, loss: 1.4 })
  const window = meanLoggedAuroc(curve, { from: 20, to: 60 })
  t.ok(isClose(window.value, 0.504) && window.batches === 3 && window.run === 'run')
  const last = meanLoggedAuroc(curve)
  t.deepEqual([last.batches, last.from, last.to], [100, 1000, 2980])
  t.ok(isClose(last.value, 0.5 + (100 + 298) / 2 / 1000))
  t.ok(Number.isNaN(meanLoggedAuroc(curve, { from: 5000, to: 6000 }).value), 'nothing in the window: NA')
  t.end()
})
