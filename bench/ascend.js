// What the calls from Node into the Ascend libraries cost in a training step, with operators planned for each call and
// with executors kept. On the stub of the tests, which checks everything and computes nothing here; see ASCEND.md.
//
//   npm run build && node bench/ascend.js [hidden units, default 128]

import { ascendDevice } from '../dist/engine/devices/ascend/index.js'
import { openDevice, registerDevice, scope, tensor } from '../dist/engine/index.js'
import { findCell, initialState, makeTrainStep } from '../dist/model/index.js'
import { buildStub, readCounters } from '../dist/test/ascend/stub.js'

const hidden = Number(process.argv[2] ?? 128)
const [batch, length, steps] = [100, 250, 7]
const folder = buildStub()
Object.assign(process.env, { ASCEND_STUB: folder, ASCEND_STUB_IDLE: '1' })

const cell = await findCell('lstm')

/** Enqueue times of training steps, and what one of them calls. */
async function measure(keepExecutors, dropoutRate) {
  const name = `keeping ${keepExecutors}, dropout ${dropoutRate}`
  registerDevice(name, () => ascendDevice({ keepExecutors }))
  const { device } = await openDevice(name)
  const options = { cell, hidden, learningRate: 5e-4, dropoutRate, seed: 1, device: name }
  const { compiled } = makeTrainStep({ ...options, regulariserType: 'l2', regulariserWeight: 0 })
  const tokens = tensor(new Int32Array(batch * length), { shape: [batch, length] })
  let state = initialState(options)
  const times = []
  let before
  for (let i = 0; i <= steps; i++) {
    before = await readCounters(folder)
    const start = performance.now()
    const { state: next, metrics } = scope(() => compiled(state, tokens))
    times.push(performance.now() - start)
    await metrics.data()
    metrics.dispose()
    state = next
  }
  const after = await readCounters(folder)
  await device.close()
  const [launches, calls] = [after.launches - before.launches, after.calls - before.calls]
  return { first: times[0], usual: Math.min(...times.slice(1)), launches, calls }
}

console.log(
  `LSTM, H=${hidden}, B=${batch}, T=${length}: milliseconds to enqueue a training step (fastest of ${steps})`,
)
console.log('executors           dropout   first   later   operators   C calls   µs an operator')
for (const dropout of [0, 0.1])
  for (const keep of [false, true]) {
    const { first, usual, launches, calls } = await measure(keep, dropout)
    const columns = [
      dropout,
      first.toFixed(0),
      usual.toFixed(0),
      launches,
      calls,
      ((1e3 * usual) / launches).toFixed(1),
    ]
    const widths = [7, 7, 7, 11, 9, 16]
    const row = columns.map((x, i) => String(x).padStart(widths[i])).join(' ')
    console.log(`${(keep ? 'kept' : 'planned each time').padEnd(19)} ${row}`)
  }
