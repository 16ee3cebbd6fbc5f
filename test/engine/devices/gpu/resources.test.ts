import test from 'tape'
import { compile, device, dispose, scan, scope, type Tensor, tensor } from '../../../../engine/index.js'
import { realise } from '../../../../engine/runtime/execute.js'
import { countCalls, scanTraining } from './leaks.js'
import { gpuOrSkip } from './support.js'

/** The prototypes of WebGPU's classes, which have no names in Node. */
async function webGpuPrototypes() {
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
  const prototypes = await webGpuPrototypes()
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
  const [submissions] = await countCalls([{ of: prototypes.queue, method: 'submit' }], run)
  t.ok(submissions <= 2, `${submissions} submissions for 250 steps and the read`)
  dispose([w, xs])
  long.dispose()

  const training = scanTraining('gpu')
  await training.steps(3)
  const before = device('gpu').stats()
  const [created, destroyed] = await countCalls(
    [
      { of: prototypes.device, method: 'createBuffer' },
      { of: prototypes.buffer, method: 'destroy' },
    ],
    () => training.steps(1000),
  )
  t.deepEqual(device('gpu').stats(), before, 'the engine holds no more buffers after 1000 steps')
  t.equal(created, destroyed, 'nor does the device')
  training.dispose()
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
