import fc from 'fast-check'
import test from 'tape'
import { realise } from '../../engine/execute.js'
import { device, deviceNames, registeredOps, scope, tensor } from '../../engine/index.js'
import { runs } from './effort.js'
import { applyCase, casesOf, inputsOf, sampledOps } from './samples.js'

// Generated: every operation on every device, on random shapes, strides and broadcasts, against the reference device.

const tested = deviceNames().filter(name => name !== 'reference')
const tolerance = 2e-5

test('every operation is tested', t => {
  const without = registeredOps().filter(op => !op.sample)
  t.deepEqual(
    without.map(op => op.name),
    [],
    'all registered operations say how to draw a use of them',
  )
  t.ok(sampledOps.length >= 35, `${sampledOps.length} operations`)
  t.end()
})

for (const op of sampledOps.filter(op => op.name !== 'toFloat64'))
  test(`operation ${op.name} on ${tested.join(', ')}`, async t => {
    const property = fc.asyncProperty(casesOf(op, { all: true }), async drawn => {
      const on = (name: string) =>
        scope(async () => {
          const y = applyCase(drawn, inputsOf(drawn, 'float32'))
          realise([y], device(name))
          return y.data()
        })
      const expected = await on('reference')
      for (const name of tested) {
        const found = await on(name)
        found.forEach((x, i) => {
          const y = expected[i]
          const limit = found instanceof Int32Array ? 0 : tolerance * Math.max(1, Math.abs(y))
          const close = Object.is(x, y) || x === y || Math.abs(x - y) <= limit
          if (!close) throw new Error(`${name}: element ${i} is ${x}, on the reference device ${y}`)
        })
      }
    })
    await fc.assert(property, { numRuns: runs(60), includeErrorInReport: true })
    t.pass('agrees')
  })

test('a device that has no float64 says so', t => {
  const message = /device 'wasm' cannot run this kernel in float64; use float32, or the device reference/
  t.throws(() => realise([tensor([1, 2]).cast('float64')], device('wasm')), message)
  t.end()
})
