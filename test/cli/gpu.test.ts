import { createRequire } from 'node:module'
import test from 'tape'
import { gpuOrSkip } from '../engine/devices/gpu/support.js'
import { testShared } from '../shared.js'
import { scoreReference, trainFifty, trainingReads, worstLoss } from './onDevice.js'
import { command, scratch, shell, tinyModel } from './support.js'

testShared("score --device gpu: the reference's likelihoods of its test reads", async t => {
  if (!(await gpuOrSkip(t))) return
  const { code, stderr, worst } = await scoreReference(['--device', 'gpu', '--gpu-allow-cpu'])
  t.equal(code, 0, stderr)
  t.ok(worst < 1e-5, `largest difference ${worst.toExponential(2)} nats per base`)
})

test('train --device gpu: the same masks and mutations as wasm, the same losses', async t => {
  if (!(await gpuOrSkip(t))) return
  const reads = await trainingReads()
  const wasm = await trainFifty(reads, ['--device=wasm'])
  const gpu = await trainFifty(reads, ['--device=gpu', '--gpu-allow-cpu'])
  t.equal(gpu.code, 0, gpu.stderr)
  t.match(gpu.stderr, /device gpu: gpu\.js, WebG(PU on|L2 (on|of)) \S/, 'the banner')
  t.equal(wasm.losses.length, 50)
  t.ok(wasm.losses[49] < wasm.losses[0], 'it learns')
  const worst = worstLoss(wasm.losses, gpu.losses)
  t.ok(worst < 1e-4, `50 steps, largest relative difference ${worst.toExponential(1)}`)
})

test('--device gpu where something is missing: one line that says what, and an exit code', async t => {
  const model = await tinyModel(scratch())
  const run = (environment: string) =>
    shell(`${environment} ${command} score --device gpu -m '${model}' < /dev/null`)
  const refused = async (environment: string, why: RegExp) => {
    const { code, stdout, stderr } = await run(environment)
    t.notEqual(code, 0)
    t.equal(stdout, '')
    const [line, ...more] = stderr.split('\n')
    t.match(line, why)
    t.deepEqual(more, [''], 'one line')
  }
  if (!isInstalled('gpu.js', import.meta.url))
    await refused(
      'XENOGRAD_GPU_PACKAGES=',
      /^xenograd: device 'gpu': the package gpu\.js is not installed; npm i/,
    )
  if (!packages.every(name => places.some(place => isInstalled(name, place)))) {
    const advice = 'npm ci --prefix .ci/gpu --ignore-scripts, and XENOGRAD_GPU_PACKAGES=$PWD/.ci/gpu'
    t.skip(`skipped: ${packages.join(' and ')} are not installed: ${advice}`)
    return
  }
  // Dawn and drivers have much to say on stderr; it must not come through. Other systems than Linux find a GPU.
  const none =
    /^xenograd: device 'gpu': (WebGPU finds no adapter \(.+\)|the package webgpu does not load .+); .+; nor is there WebGL2: /
  if (process.platform === 'linux')
    await refused('DISPLAY= VK_DRIVER_FILES=/none VK_ICD_FILENAMES=/none', none)
  if ((await gpuOrSkip(t))?.device.description.includes('software'))
    await refused(
      'XENOGRAD_GPU_ALLOW_CPU=',
      /^xenograd: device 'gpu': the only adapter is software on the CPU/,
    )
})

const packages = ['gpu.js', 'webgpu']
const places = [import.meta.url, `${process.env.XENOGRAD_GPU_PACKAGES ?? ''}/`]

/** Whether a package is found from a file or folder. */
function isInstalled(name: string, from: string): boolean {
  try {
    createRequire(from).resolve(name)
    return true
  } catch {
    return false
  }
}
