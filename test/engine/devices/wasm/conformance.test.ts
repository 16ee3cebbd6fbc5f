import test from 'tape'
import { plainTarget } from '../../../../engine/devices/wasm/assembly/target.js'
import { registerDevice } from '../../../../engine/index.js'
import { deviceConformance } from '../../../../engine/testing/index.js'
import '../../allCells.js'
import { effort } from '../../effort.js'
import { openWasm, testTarget } from './support.js'

// The wasm device in its other forms: without fused multiply-add, emitted for 256-bit vectors and with constants in memory
// (right on every host, fast on some), on one thread, on more threads than there may be cores.

registerDevice('wasm-plain', () => openWasm({}, plainTarget))
registerDevice('wasm-wide', () => openWasm({}, { ...testTarget(), wide: true, loadsConstants: true }))
for (const threads of [1, 4]) registerDevice(`wasm-${threads}`, () => openWasm({ threads }))

for (const name of ['wasm-plain', 'wasm-wide', 'wasm-1', 'wasm-4'])
  deviceConformance(test, name, { effort: effort / 2 })
