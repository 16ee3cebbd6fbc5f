import test from 'tape'
import { plainTarget } from '../../../../engine/devices/wasm/assembly/target.js'
import { no64BitMemory } from '../../../../engine/devices/wasm/memory.js'
import { registerDevice } from '../../../../engine/index.js'
import { deviceConformance } from '../../../../engine/testing/index.js'
import '../../allCells.js'
import { effort } from '../../../effort.js'
import { openWasm, testTarget } from './support.js'

// The wasm device in its other forms: without fused multiply-add, emitted for 256-bit vectors and with constants in memory
// (right on every host, fast on some), on one thread, on more threads than there may be cores.

registerDevice('wasm-plain', () => openWasm({}, plainTarget))
registerDevice('wasm-wide', () => openWasm({}, { ...testTarget(), wide: true, loadsConstants: true }))
for (const threads of [1, 4]) registerDevice(`wasm-${threads}`, () => openWasm({ threads }))

for (const name of ['wasm-plain', 'wasm-wide', 'wasm-1', 'wasm-4'])
  deviceConformance(test, name, { effort: effort / 6 })

// All that it computes lies beyond what 32-bit addresses reach; what is before is never touched, and takes no room.
registerDevice('wasm-beyond', () => {
  const device = openWasm({ memory64: 'on' })
  device.alloc(2 ** 32)
  return device
})
const problem = no64BitMemory()
if (problem === undefined) deviceConformance(test, 'wasm-beyond', { effort: effort / 6 })
else test(`conformance beyond 4 GiB (skipped: ${problem})`, { skip: true }, () => {})
