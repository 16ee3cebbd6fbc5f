// What the calls from Node into the Ascend libraries cost in a training step, with operators planned for each call, with
// executors kept, and captured as a graph. On the stub of the tests, once with kernels that do nothing and once computing; see ASCEND.md.
//
//   npm run build && node bench/ascend.js [hidden units, default 128]
//   node bench/ascend.js calls [hidden units]: host calls of a step alone

import { ascendDevice } from '../dist/engine/devices/ascend/index.js'
import { openDevice, registerDevice, scope, tensor } from '../dist/engine/index.js'
import { initialState, makeTrainStep } from '../dist/model/index.js'
import { buildStub } from '../dist/test/engine/devices/ascend/stub.js'
import { crossingTime, tapped } from './crossings.js'
import { trainingOptions } from './trainingOptions.js'

const callsOnly = process.argv[2] === 'calls'
const hidden = Number(process.argv[callsOnly ? 3 : 2] ?? 128)
const [batch, length] = [100, 250]
const folder = buildStub()
process.env.ASCEND_STUB = folder

let devices = 0

/**
 * Training steps on a device of their own. Returns for each the milliseconds until it is enqueued, and until its loss is
 * there. `idle`: whether kernels do nothing. `tap`: gets the C calls of the last step as its `step`.
 */
async function train({ keepExecutors, capture = 'off', dropoutRate, idle, steps, tap }) {
  const name = `ascend ${devices++}`
  // The first kernels try how the card draws random bits.
  process.env.ASCEND_STUB_IDLE = idle ? '1000' : '0'
  registerDevice(name, () => ascendDevice({ keepExecutors, capture }, undefined, tap && (() => tapped(tap))))
  const { device } = await openDevice(name)
  const options = { ...(await trainingOptions(hidden, dropoutRate)), device: name }
  const { compiled } = makeTrainStep(options)
  const tokens = tensor(new Int32Array(batch * length), { shape: [batch, length] })
  let state = initialState(options)
  const times = []
  for (let i = 0; i < steps; i++) {
    if (tap && i === steps - 1) tap.calls = []
    const start = performance.now()
    const { state: next, metrics } = scope(() => compiled(state, tokens))
    const enqueued = performance.now() - start
    await metrics.data()
    if (tap?.calls) {
      tap.step = tap.calls
      tap.calls = undefined
    }
    times.push({ enqueued, done: performance.now() - start })
    metrics.dispose()
    state = next
  }
  await device.close()
  return times
}

/** C calls of a step by what they do, until its loss is there. */
async function countCalls(capture, dropoutRate) {
  const tap = {}
  await train({ keepExecutors: true, capture, dropoutRate, idle: true, steps: 4, tap })
  const count = pattern => tap.step.filter(({ prototype }) => pattern.test(prototype)).length
  return [
    capture,
    dropoutRate,
    count(/aclnn\w+\(void \*workspace/),
    count(/aclSet\w+TensorAddr/),
    count(/aclmdlRI/),
    count(/aclrtMemcpy/),
    count(/aclrtStreamQuery|Synchronize/),
    tap.step.length,
  ]
}

/** The milliseconds of the fastest step after the second, by which everything is planned and captured, `until` it is 'enqueued' or 'done'. */
const fastest = (times, until) => Math.min(...times.slice(2).map(time => time[until]))

/** Phase two of an operator. */
const isLaunch = prototype => /aclnn\w+\(void \*workspace/.test(prototype)

/** One row of the table. */
async function measure(setting) {
  const { keepExecutors, capture = 'off', dropoutRate } = setting
  const idle = await train({ ...setting, idle: true, steps: 8 })
  const computing = await train({ ...setting, idle: false, steps: 5 })
  const tap = {}
  await train({ ...setting, idle: true, steps: 4, tap })
  const crossing = await crossingTime(tap.step)
  const [enqueued, done] = [fastest(idle, 'enqueued'), fastest(computing, 'done')]
  const percent = whole => `${((100 * crossing) / whole).toPrecision(2)} %`
  return [
    keepExecutors ? 'kept' : 'planned each time',
    capture,
    dropoutRate,
    idle[0].enqueued.toFixed(0),
    tap.step.filter(({ prototype }) => isLaunch(prototype)).length,
    tap.step.length,
    crossing.toFixed(1),
    enqueued.toFixed(0),
    percent(enqueued),
    done.toFixed(0),
    percent(done),
  ]
}

const row = cells => console.log(`| ${cells.join(' | ')} |`)
function head(columns) {
  row(columns)
  row(columns.map(() => '---'))
}

console.log(`LSTM, H=${hidden}, B=${batch}, T=${length}; ${process.version}\n`)
head(['capture', 'dropout', 'operators', 'addresses', 'graphs', 'copies', 'waiting', 'C calls'])
for (const dropoutRate of [0, 0.1])
  for (const capture of ['off', 'on']) row(await countCalls(capture, dropoutRate))
if (!callsOnly) {
  console.log()
  head([
    'executors',
    'capture',
    'dropout',
    'first step, ms',
    'operators',
    'C calls',
    'crossings, ms',
    'host, ms',
    'of the host',
    'whole step, ms',
    'of the step',
  ])
  for (const dropoutRate of [0, 0.1])
    for (const setting of [
      { keepExecutors: false },
      { keepExecutors: true },
      { keepExecutors: true, capture: 'on' },
    ])
      row(await measure({ ...setting, dropoutRate }))
}
