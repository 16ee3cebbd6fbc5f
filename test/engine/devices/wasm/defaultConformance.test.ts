import test from 'tape'
import { device, realise, tensor } from '../../../../engine/index.js'
import { deviceConformance } from '../../../../engine/testing/index.js'
import '../../allCells.js'
import { effort } from '../../../effort.js'

// The wasm device as it is opened without options; conformance.test.ts has its other forms.

deviceConformance(test, 'wasm', { effort: effort / 2 })

test('a device that has no float64 says so', t => {
  const message = /device 'wasm' cannot run this kernel in float64; use float32, or the device reference/
  t.throws(() => realise([tensor([1, 2]).cast('float64')], device('wasm')), message)
  t.end()
})
