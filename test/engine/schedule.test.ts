import fc from 'fast-check'
import test from 'tape'
import { scheduledFactor, scheduleShapes } from '../../engine/index.js'

test('schedules: up along a line, then constant, or down along a cosine or a line; never 0, never above 1', t => {
  const factors = (shape: (typeof scheduleShapes)[number], warmup = 0) =>
    Array.from({ length: 5 }, (_, step) =>
      Number(scheduledFactor({ shape, steps: 5, warmup }, step).toFixed(6)),
    )
  t.deepEqual(factors('constant'), [1, 1, 1, 1, 1])
  t.deepEqual(factors('linear'), [1, 0.8, 0.6, 0.4, 0.2])
  t.deepEqual(factors('cosine'), [1, 0.904508, 0.654508, 0.345492, 0.095492])
  t.deepEqual(factors('constant', 3), [0.25, 0.5, 0.75, 1, 1])
  t.deepEqual(factors('linear', 1), [0.5, 1, 0.75, 0.5, 0.25])
  fc.assert(
    fc.property(
      fc.constantFrom(...scheduleShapes),
      fc.integer({ min: 1, max: 500 }),
      fc.nat(100),
      (shape, steps, warmup) =>
        Array.from({ length: steps }, (_, step) => scheduledFactor({ shape, steps, warmup }, step)).every(
          factor => factor > 0 && factor <= 1,
        ),
    ),
  )
  t.end()
})
