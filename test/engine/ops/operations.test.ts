import test from 'tape'
import { device, registeredOps, tensor } from '../../../engine/index.js'
import { realise } from '../../../engine/runtime/execute.js'
import { deviceConformance } from '../../../engine/testing/index.js'
import '../allCells.js'
import { effort } from '../effort.js'

test('every operation is tested', t => {
  const without = registeredOps().filter(op => !op.sample)
  t.deepEqual(
    without.map(op => op.name),
    [],
    'all registered operations say how to draw a use of them',
  )
  t.ok(registeredOps().length >= 35, `${registeredOps().length} operations`)
  t.end()
})

deviceConformance(test, 'wasm', { effort })

test('a device that has no float64 says so', t => {
  const message = /device 'wasm' cannot run this kernel in float64; use float32, or the device reference/
  t.throws(() => realise([tensor([1, 2]).cast('float64')], device('wasm')), message)
  t.end()
})
