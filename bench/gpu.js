// What the device gpu reaches on the adapter at hand: matmuls with each tile beside the naive form, and
// training steps. XENOGRAD_GPU_PACKAGES says where gpu.js and webgpu are, if not here (`npm ci --prefix .ci/gpu`).
// Usage: npm run build && node bench/gpu.js [hidden sizes, such as 128,512,2000] [--gpu-allow-cpu]

import { loadGpuJs } from '../dist/engine/devices/gpu/packages.js'
import { matmulPasses, tiles } from '../dist/engine/devices/gpu/passes/matmul.js'
import { openAdapter } from '../dist/engine/devices/gpu/webgpu/adapter.js'
import { record } from '../dist/engine/devices/gpu/webgpu/recorder.js'
import { bufferUsage } from '../dist/engine/devices/gpu/webgpu/usage.js'
import { openBackend } from '../dist/engine/devices/gpu/webgpu/webgpu.js'
import { dispose, openDevice, tensor } from '../dist/engine/index.js'
import { initialState, makeTrainStep } from '../dist/model/index.js'
import { product } from './product.js'
import { trainingOptions } from './trainingOptions.js'

const allowCpu = process.argv.includes('--gpu-allow-cpu')
const [sizes = '64'] = process.argv.slice(2).filter(arg => !arg.startsWith('--'))
const hiddenSizes = sizes.split(',').map(Number)
const [batch, length] = [100, 250]

await matmuls()
await trainingSteps()
process.exit()

async function matmuls() {
  const gpujs = await loadGpuJs()
  const adapter = await openAdapter(gpujs, allowCpu)
  const { device } = adapter
  const { compiler, queue, workspace } = openBackend(gpujs, adapter)
  console.log(`${adapter.description}\n\nmatmul, GFLOP/s`)
  const shapes = hiddenSizes.flatMap(h => [
    [batch, h + 4, 4 * h],
    [h + 4, batch * (length - 1), 4 * h],
  ])
  for (const [m, k, n] of [[512, 512, 512], ...shapes]) {
    const buffers = [m * k, k * n, m * n].map(elements => ({
      buffer: device.createBuffer({ size: 4 * elements, usage: bufferUsage.storage }),
      byte: 0,
    }))
    const kernel = product(m, k, n)
    const rates = []
    for (const tile of [{ rows: 1, columns: 1 }, ...tiles]) {
      const compiled = compiler.build(matmulPasses(kernel, [0, 1], 1, tile))
      await compiler.ready
      const { run } = record(device, workspace, compiled, buffers)
      const once = async () => {
        const start = performance.now()
        run(queue)
        queue.submit()
        await device.queue.onSubmittedWorkDone()
        return performance.now() - start
      }
      await once()
      const ms = Math.min(await once(), await once(), await once())
      rates.push(`${tile.rows}x${tile.columns} ${((2 * m * n * k) / ms / 1e6).toPrecision(3)}`)
    }
    console.log(`${m} x ${k} x ${n}: ${rates.join('  ')}`)
    for (const { buffer } of buffers) buffer.destroy()
  }
  device.destroy()
}

async function trainingSteps() {
  console.log(`\ntraining step, ${batch} reads of ${length} bases`)
  const device = await openDevice('gpu', { allowCpu })
  for (const hidden of hiddenSizes) {
    const options = { ...(await trainingOptions(hidden)), device: device.name }
    const step = makeTrainStep(options)
    const bases = Int32Array.from({ length: batch * length }, (_, i) => (i * i) % 4)
    const tokens = tensor(bases, { shape: [batch, length] })
    let state = initialState(options)
    const times = []
    for (let i = 0; i < 6; i++) {
      const start = performance.now()
      state = (await step(state, tokens)).state
      times.push(performance.now() - start)
    }
    const [first, ...rest] = times
    console.log(
      `H = ${hidden}: ${Math.min(...rest).toFixed(1)} ms (the first, with compiling, ${first.toFixed(0)} ms)`,
    )
    dispose([state, tokens])
    step.compiled.dispose()
  }
}
