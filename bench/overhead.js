// Orientation: what a training step costs beside its kernels: tracing and compiling once, then JavaScript per call.
// Usage: npm run build && node bench/overhead.js [hidden units, default 64]

import { resolveOptions } from '../dist/engine/devices/options.js'
import { wasmDevice } from '../dist/engine/devices/wasm/index.js'
import { wasmOptions } from '../dist/engine/devices/wasm/options.js'
import { leaves, realise, registerDevice, scope, setDefaultDevice, tensor } from '../dist/engine/index.js'
import { initialState, makeTrainStep } from '../dist/model/index.js'
import { trainingOptions } from './trainingOptions.js'

const hidden = Number(process.argv[2] ?? 64)
const [batch, bases, calls] = [100, 250, 3000]

let running = true
registerDevice('wasm without its kernels', () => {
  const inner = wasmDevice(resolveOptions('wasm', wasmOptions, { threads: 1 }))
  return { ...inner, run: (program, args) => running && inner.run(program, args) }
})
setDefaultDevice('wasm without its kernels')

const options = await trainingOptions(hidden)
let state = initialState(options)
const tokens = tensor(new Int32Array(batch * bases), { shape: [batch, bases] })
realise([...leaves(state), tokens])
running = false

const { compiled } = makeTrainStep(options)
function milliseconds() {
  const start = performance.now()
  const { state: next, metrics } = scope(() => compiled(state, tokens))
  const time = performance.now() - start
  state = next
  metrics.dispose()
  return time
}
const first = milliseconds()
const others = Array.from({ length: calls }, milliseconds).sort((a, b) => a - b)
console.log(
  `training step of the LSTM, H=${hidden}, ${batch} reads of ${bases} bases, Node ${process.version}`,
)
console.log(`tracing, planning and compiling, once: ${first.toFixed(0)} ms (one thread's modules)`)
console.log(
  `JavaScript per call, kernels left out: least ${(1000 * others[0]).toFixed(0)} µs, median ${(1000 * others[calls / 2]).toFixed(0)} µs of ${calls}`,
)
