import test from 'tape'
import {
  compile,
  device,
  dispose,
  gradients,
  scan,
  scope,
  type Tensor,
  tensor,
} from '../../../../engine/index.js'
import { realise } from '../../../../engine/runtime/execute.js'
import { gpuOrSkip } from './support.js'

/** Counts what a class of WebGPU is asked to do while `body` runs. */
async function counting<T>(
  targets: readonly { of: object; method: string }[],
  body: () => Promise<T>,
): Promise<number[]> {
  const counts = targets.map(() => 0)
  const originals = targets.map(
    ({ of, method }) => Reflect.get(of, method) as (...args: unknown[]) => unknown,
  )
  targets.forEach(({ of, method }, i) => {
    Reflect.set(of, method, function (this: unknown, ...args: unknown[]) {
      counts[i]++
      return originals[i].apply(this, args)
    })
  })
  try {
    await body()
  } finally {
    targets.forEach(({ of, method }, i) => {
      Reflect.set(of, method, originals[i])
    })
  }
  return counts
}

/** The prototypes of WebGPU's classes, which have no names in Node. */
async function prototypes() {
  const adapterDevice = await (await navigator.gpu.requestAdapter())!.requestDevice()
  const buffer = adapterDevice.createBuffer({ size: 4, usage: 0x80 })
  const classes = {
    device: Object.getPrototypeOf(adapterDevice) as object,
    queue: Object.getPrototypeOf(adapterDevice.queue) as object,
    buffer: Object.getPrototypeOf(buffer) as object,
  }
  adapterDevice.destroy()
  return classes
}

test('gpu: a scan is one submission, and steps leave no buffers', async t => {
  const runtime = await gpuOrSkip(t)
  if (!runtime) return
  if (!runtime.device.description.startsWith('gpu.js, WebGPU'))
    return t.skip('skipped: WebGL2 has no submissions; the test in the browser counts its textures')
  const { device: devices, queue, buffer } = await prototypes()
  const long = compile(
    (w: Tensor, xs: Tensor) =>
      scan(
        (h: Tensor, x: Tensor) => ({ carry: h.matmul(w).add(x).tanh(), out: h }),
        xs.slice(0, 0, 1).squeeze(0),
        xs,
      ).out,
    { device: 'gpu' },
  )
  const w = tensor([
    [0.5, -0.25],
    [0.25, 0.75],
  ])
  const xs = tensor(
    Float32Array.from({ length: 250 * 6 }, (_, i) => Math.sin(i)),
    { shape: [250, 3, 2] },
  )
  const run = () => scope(async () => void (await long(w, xs).data()))
  await run()
  const [submissions] = await counting([{ of: queue, method: 'submit' }], run)
  t.ok(submissions <= 2, `${submissions} submissions for 250 steps and the read`)
  long.dispose()

  const step = compile(
    (p: Tensor, xs: Tensor) => {
      const out = scan(
        (h: Tensor, x: Tensor) => ({ carry: h.mul(p).add(x).tanh(), out: h }),
        xs.slice(0, 0, 1).squeeze(0),
        xs,
      )
      const loss = out.carry.square().sum()
      return { p: p.sub(gradients(loss, p).mul(0.1)), loss }
    },
    { device: 'gpu', donate: [0] },
  )
  let p = tensor([0.5, -0.25, 1])
  const short = tensor(
    Float32Array.from({ length: 12 }, (_, i) => Math.cos(i)),
    { shape: [4, 3] },
  )
  const steps = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const result = step(p, short)
      p = result.p
      await result.loss.item()
      result.loss.dispose()
    }
  }
  await steps(3)
  const before = device('gpu').stats()
  const [created, destroyed] = await counting(
    [
      { of: devices, method: 'createBuffer' },
      { of: buffer, method: 'destroy' },
    ],
    () => steps(1000),
  )
  t.deepEqual(device('gpu').stats(), before, 'the engine holds no more buffers after 1000 steps')
  t.equal(created, destroyed, 'nor does the device')
  dispose([p, short, w, xs])
  step.dispose()
})

test('gpu: what it cannot take, and use after free', async t => {
  const runtime = await gpuOrSkip(t)
  if (!runtime) return
  t.throws(
    () => realise([tensor([1, 2]).cast('float64')], runtime),
    /device 'gpu' cannot run this kernel in float64; use float32, or the device reference/,
  )
  const buffer = runtime.device.alloc(8)
  runtime.device.free(buffer)
  t.throws(() => runtime.device.free(buffer), /gpu device: use of a buffer after it was freed/)
  t.throws(() => runtime.device.alloc(2 ** 50), /a buffer of 1125899906842624 bytes; this adapter's/)
  t.match(runtime.device.description, /^gpu\.js, WebG(PU on|L2 (on|of)) \S/)
})
