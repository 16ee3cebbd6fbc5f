import { gpuDevice } from '../../engine/devices/gpu/index.js'
import { wasmDevice } from '../../engine/devices/wasm/index.js'
import { hasThreads } from '../../engine/devices/wasm/threads/host.js'
import { compile, openDevice, scan, type Tensor, tensor, uniformAt } from '../../engine/index.js'
import { type Assertions, deviceConformance, type TestFunction } from '../../engine/testing/index.js'
import { countCalls, scanTraining } from '../engine/devices/gpu/leaks.js'

// What the browser runs for conformance.test.ts: `?device=NAME&effort=X`, with `&without=gpu` as one that has no WebGPU.
// Posts a Report to /result.

/** What a page found. */
export type Report = {
  readonly isolated: boolean
  readonly threads: boolean
  readonly description: string
  readonly passed: readonly string[]
  readonly failed: readonly string[]
  readonly skipped: readonly string[]
  /** Tasks that the page's event loop did during a product of matrices. */
  readonly tasks: number
  /** Bytes of a recurrent computation, summed up. */
  readonly digest: string
  /** Its largest difference from what wasm finds. */
  readonly difference: number
  /** What asking for two threads gives. */
  readonly twoThreads: string
  /** Of the device gpu: why it does not open where only a software adapter is and that was not accepted. */
  readonly refused: string
  /** Textures of WebGL2 that the first steps of a training made, and that 200 more made and gave back. */
  readonly textures: readonly [first: number, made: number, deleted: number]
}

const asked = new URLSearchParams(location.search)
const name = asked.get('device') ?? 'wasm'
const without = asked.get('without')
if (without) Object.defineProperty(navigator, without, { value: undefined })
const [passed, failed, skipped]: string[][] = [[], [], []]
const assertions: Assertions = {
  pass: message => passed.push(message),
  fail: message => failed.push(message),
  skip: message => skipped.push(message),
}

/** Tasks that the event loop does while a device is busy. */
async function countTasks(): Promise<number> {
  const size = 1000
  const x = tensor(new Float32Array(size * size), { shape: [size, size] })
  const square = compile((x: Tensor) => x.matmul(x), { device: name })
  let busy = true
  const done = square(x)
    .data()
    .then(() => {
      busy = false
    })
  const { port1, port2 } = new MessageChannel()
  let tasks = 0
  for (; busy; tasks++)
    await new Promise(resolve => {
      port2.onmessage = resolve
      port1.postMessage(0)
    })
  await done
  port1.close()
  return tasks
}

/** A recurrence over 40 steps, large enough to be cut into parts. */
async function recurrence(device: string): Promise<Float32Array> {
  const random = (shape: number[], seed: number, scale = 1) =>
    tensor(
      Float32Array.from(
        { length: shape.reduce((a, b) => a * b, 1) },
        (_, i) => scale * (uniformAt([seed, 3], 0, i) - 0.5),
      ),
      { shape },
    )
  const f = compile(
    (w: Tensor, h: Tensor, xs: Tensor) =>
      scan(
        (h: Tensor, x: Tensor) => {
          const next = h.matmul(w).add(x).tanh()
          return { carry: next, out: next }
        },
        h,
        xs,
      ).out,
    { device },
  )
  // Small weights, so that it forgets how sums were rounded.
  return (await f(
    random([48, 48], 1, 0.25),
    random([50, 48], 2),
    random([40, 50, 48], 3),
  ).data()) as Float32Array
}

const digestOf = (x: Float32Array): string =>
  new Uint32Array(x.buffer).reduce((sum, bits) => (Math.imul(sum, 31) + bits) >>> 0, 0).toString(16)

/** See Report. */
async function texturesOfSteps(): Promise<[first: number, made: number, deleted: number]> {
  const { prototype } = WebGL2RenderingContext
  const making = { of: prototype, method: 'createTexture' }
  const deleting = { of: prototype, method: 'deleteTexture' }
  const training = scanTraining(name)
  const [first] = await countCalls([making], () => training.steps(3))
  const [made, deleted] = await countCalls([making, deleting], () => training.steps(200))
  return [first, made, deleted]
}

async function run(): Promise<Report> {
  const refused =
    name === 'gpu'
      ? await gpuDevice({ allowCpu: false }).then(
          device => device.close().then(() => ''),
          (error: Error) => error.message,
        )
      : ''
  const tests: (() => Promise<void>)[] = []
  const collect: TestFunction = (_, body) => tests.push(() => body(assertions))
  deviceConformance(collect, name, {
    effort: Number(asked.get('effort') ?? 1),
    unavailable: 'skip',
    ...(name === 'gpu' && { open: { allowCpu: true } }),
  })
  for (const test of tests) await test()
  let twoThreads = 'works'
  try {
    await wasmDevice({ threads: 2 }).close()
  } catch (error) {
    twoThreads = (error as Error).message
  }
  const opened = skipped.length === 0
  const values = await recurrence(opened ? name : 'wasm')
  const wanted = await recurrence('wasm')
  return {
    isolated: crossOriginIsolated,
    threads: hasThreads(),
    description: opened ? (await openDevice(name)).device.description : '',
    passed,
    failed,
    skipped,
    tasks: opened ? await countTasks() : 0,
    digest: digestOf(values),
    difference: values.reduce((most, x, i) => Math.max(most, Math.abs(x - wanted[i])), 0),
    twoThreads,
    refused,
    textures: opened && name === 'gpu' ? await texturesOfSteps() : [0, 0, 0],
  }
}

const report = await run().catch((error: unknown) => ({
  passed,
  failed: [...failed, error instanceof Error ? (error.stack ?? error.message) : String(error)],
  skipped,
}))
await fetch('/result', { method: 'POST', body: JSON.stringify(report) })
