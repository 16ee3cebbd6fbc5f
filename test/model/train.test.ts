import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { referenceDevice } from '../../engine/devices/reference/index.js'
import { device, dispose, registerDevice, tensor } from '../../engine/index.js'
import { lstm } from '../../model/cells/lstm.js'
import { hasDiverged } from '../../model/divergedError.js'
import {
  DivergedError,
  initialState,
  loadModel,
  makeTrainStep,
  RunDirectory,
  type StepOptions,
  shippedCells,
  train,
} from '../../model/index.js'
import { tinyData } from './tinyData.js'
import { tinyOptions } from './trainTiny.js'

const folder = () => mkdtemp(join(tmpdir(), 'xenograd-train-'))

const stepOptions: StepOptions = {
  cell: lstm,
  hidden: 5,
  learningRate: 0.02,
  dropoutRate: 0.1,
  regulariserType: 'l2',
  regulariserWeight: 0,
  seed: 3,
}

test('every shipped cell learns', async t => {
  const data = tinyData(16, 24)
  for (const cell of await shippedCells()) {
    const step = makeTrainStep({ ...stepOptions, cell, hidden: 12 })
    let state = initialState({ ...stepOptions, cell, hidden: 12 })
    const losses: number[] = []
    for (let i = 0; i < 120; i++) {
      const tokens = tensor(data.batch(i), { shape: [16, 24] })
      const result = await step(state, tokens)
      state = result.state
      losses.push(result.metrics.loss)
      tokens.dispose()
    }
    t.ok(
      losses[119] < 0.6 && losses[0] > 1.2,
      `${cell.name}: ${losses[0].toFixed(3)} to ${losses[119].toFixed(3)} nats`,
    )
    step.compiled.dispose()
  }
})

test('devices train alike: same masks, same losses', async t => {
  const data = tinyData(6, 12)
  const losses = async (name: string) => {
    const step = makeTrainStep({ ...stepOptions, device: name })
    let state = initialState(stepOptions)
    const values: number[] = []
    for (let i = 0; i < 20; i++) {
      const result = await step(state, tensor(data.batch(i), { shape: [6, 12] }))
      state = result.state
      values.push(result.metrics.loss)
    }
    return values
  }
  const [a, b] = [await losses('reference'), await losses('wasm')]
  const worst = Math.max(...a.map((x, i) => Math.abs(x - b[i]) / x))
  t.ok(worst < 1e-4, `20 steps, largest relative difference ${worst.toExponential(1)}`)
})

test('a training loop allocates nothing after its first step', async t => {
  const data = tinyData(4, 6)
  const step = makeTrainStep({ ...stepOptions, hidden: 3 })
  let state = initialState({ ...stepOptions, hidden: 3 })
  const tokens = tensor(data.batch(0), { shape: [4, 6] })
  let afterFirst: unknown
  let steady = true
  for (let i = 0; i < 1000; i++) {
    tokens.assign(data.batch(i))
    state = (await step(state, tokens)).state
    const stats = device('wasm').stats()
    if (i === 0) afterFirst = stats
    else steady &&= JSON.stringify(stats) === JSON.stringify(afterFirst)
  }
  t.ok(steady, `1000 steps with ${JSON.stringify(afterFirst)}`)
  t.equal(step.compiled.traces, 1, 'traced once')
})

test('a step of the LSTM is one product and one map, forward and backward', async t => {
  const step = makeTrainStep(stepOptions)
  const result = await step(initialState(stepOptions), tensor(tinyData(4, 6).batch(0), { shape: [4, 6] }))
  const loops = step.compiled
    .explain()
    .split(/^(?=\S)/m)
    .filter(kernel => kernel.startsWith('loop'))
  const bodies = loops.map(loop => loop.match(/^ {2}[a-z]\w*(?= )/gm)?.map(name => name.trim()))
  t.deepEqual(bodies, [
    ['matmul', 'map'],
    ['map', 'matmul'],
  ])
  dispose(result.state)
  step.compiled.dispose()
})

test('a loss that is not finite stops the run and says what to do', async t => {
  const path = await folder()
  const options = { ...tinyOptions, learningRate: 1e30, steps: 10 }
  const error = await train(await RunDirectory.open(path), options, tinyData(8, 20)).catch((e: unknown) => e)
  t.ok(error instanceof DivergedError, 'throws DivergedError')
  t.match(
    String(error),
    /loss is (NaN|Infinity|-Infinity) at step \d+ \(first bad tensor: [\w.]+\)\. Last good checkpoint: .*model_\d+\.safetensors\. Try learning_rate [\d.]+e\+29\./,
  )
  const newest = (await (await RunDirectory.open(path)).checkpoints()).at(-1)!
  const { state } = await loadModel(newest.path)
  t.ok((await state.parameters.cell.kernel.data()).every(Number.isFinite), 'the last good checkpoint is good')
  await rm(path, { recursive: true })
})

test('floats that saturate: overflows are counted, and what they make of NaN and infinity ends the run', async t => {
  // From step 3 on the device reports overflows; from step 6 on its losses are what NaN becomes.
  let asked = 0
  const inner = referenceDevice()
  registerDevice('saturating', () => ({
    ...inner,
    saturates: true,
    overflowed: async () => ++asked > 3,
    async read(buffer) {
      const bytes = await inner.read(buffer)
      return asked < 6 ? bytes : new ArrayBuffer(bytes.byteLength)
    },
  }))
  const path = await folder()
  const run = await RunDirectory.open(path)
  const options = { ...tinyOptions, device: 'saturating', steps: 10, logFreq: 5 }
  const error = await train(run, options, tinyData(8, 20)).catch((e: unknown) => e)
  t.ok(error instanceof DivergedError, 'throws DivergedError')
  t.match(
    String(error),
    /loss is 0 at step 6, and the device reports an overflow: its floats saturate, .* Try learning_rate [\d.e-]+, or a smaller loss_scale\./,
  )
  t.deepEqual(
    (await run.readMetrics()).map(({ step, steps, overflows }) => [step, steps, overflows]),
    [
      [0, 1, 0],
      [3, 3, 1],
      [5, 2, 2],
    ],
    'usual losses go on',
  )
  await rm(path, { recursive: true })

  t.notOk(hasDiverged(1.3, true), 'a false alarm')
  for (const loss of [0, 65504, -1e38]) t.ok(hasDiverged(loss, true) && !hasDiverged(loss), `${loss}`)
  for (const loss of [Number.NaN, Infinity]) t.ok(hasDiverged(loss), `${loss}, overflow or not`)
})

test('a loss scale that is a power of two changes no bit', async t => {
  const parameters = async (lossScale: number) => {
    const path = await folder()
    const run = await RunDirectory.open(path)
    await train(run, { ...tinyOptions, steps: 5, lossScale }, tinyData(8, 20))
    const { state } = await loadModel((await run.checkpoints()).at(-1)!.path)
    await rm(path, { recursive: true })
    return state.parameters.cell.kernel.data()
  }
  t.deepEqual(await parameters(1024), await parameters(1))
})

test('a run is resumed only with what it began with', async t => {
  const path = await folder()
  const run = await RunDirectory.open(path)
  await train(run, { ...tinyOptions, steps: 4 }, tinyData(8, 20))
  const again = (change: object, data = tinyData(8, 20)) =>
    train(run, { ...tinyOptions, ...change }, data).catch((e: Error) => e.message)
  t.match(String(await again({ seed: 6 })), /this run had seed '5', now it is '6'/)
  t.match(String(await again({ memory: 1e9 })), /had memory budget 'none', now it is '1000000000'/)
  t.match(String(await again({ lossScale: 8 })), /had loss scale '1', now it is '8'/)
  t.match(String(await again({}, tinyData(8, 21))), /this run had data 'tiny 8x20', now it is 'tiny 8x21'/)
  t.match(String(await again({ hidden: 7 })), /hidden size 6.*the settings ask for.*hidden size 7/)
  await rm(path, { recursive: true })
})

test('an aborted run leaves a checkpoint of its last step', async t => {
  const path = await folder()
  const run = await RunDirectory.open(path)
  const stop = new AbortController()
  const onStep = (step: number) => {
    if (step === 7) stop.abort()
  }
  const result = await train(run, { ...tinyOptions, signal: stop.signal, onStep }, tinyData(8, 20))
  t.deepEqual([result.step, result.interrupted], [7, true])
  t.equal((await run.checkpoints()).at(-1)?.step, 7)
  await rm(path, { recursive: true })
})
