import { copyKernel } from '../../kernel/build.js'
import { contiguousView } from '../../kernel/shape.js'
import { type Device, DeviceUnavailableError } from '../device.js'
import { guarded } from '../guarded.js'
import type { GpuJs } from './gpujs.js'
import type { GpuOptions } from './options.js'
import { loadGpuJs, unavailable } from './packages.js'
import { WebGlDevice } from './webgl/webgl.js'
import { openWebGl } from './webgl/webglContext.js'
import { openAdapter } from './webgpu/adapter.js'
import { WebGpuDevice } from './webgpu/webgpu.js'

/**
 * The device `gpu`. packages.ts finds gpu.js (typed in gpujs.ts) and the other optional packages. A kernel is written as
 * passes (passes/) in the language of dialect.ts, which compiler.ts has gpu.js translate for the back end; launch.ts
 * turns a compiled kernel with its arguments into copies and dispatches, with memory of workspace.ts in between, and
 * recordings.ts keeps those of the last launches. The back ends, webgpu/ and webgl/, own buffers and send the commands;
 * errors.ts has the errors of both. options.ts says what the device may be opened with.
 */

/**
 * Kernels on a GPU through gpu.js: written in JavaScript from the engine's kernels, compiled to the GPU's shading
 * language by gpu.js, and run over buffers that stay on the device. By WebGPU; where there is no adapter of that, by
 * WebGL2. Takes all kernels of float32 and int32.
 *
 * `allowCpu`: accept a software adapter, too. One at a time: gpu.js has one device for a process.
 * @throws DeviceUnavailableError without gpu.js, or with neither a WebGPU adapter nor WebGL2.
 */
export async function gpuDevice({ allowCpu = false }: GpuOptions = {}): Promise<Device> {
  const gpujs = await loadGpuJs()
  const device = await openFirst(gpujs, allowCpu)
  const defect = await checkBits(device).catch((error: Error) => `it fails (${error.message.split('\n')[0]})`)
  if (defect === undefined) return guarded(device)
  await device.close().catch(() => {})
  throw unavailable(`${device.description}: ${defect}`, 'take gpu.js 2.24, or another device')
}

/**
 * By WebGPU if there is an adapter, else by WebGL2.
 * @throws DeviceUnavailableError that says why neither.
 */
async function openFirst(gpujs: GpuJs, allowCpu: boolean): Promise<Device> {
  try {
    return new WebGpuDevice(gpujs, await openAdapter(gpujs, allowCpu))
  } catch (first) {
    if (!(first instanceof DeviceUnavailableError)) throw first
    try {
      return new WebGlDevice(gpujs, await openWebGl(allowCpu))
    } catch (second) {
      if (!(second instanceof DeviceUnavailableError)) throw second
      throw new DeviceUnavailableError(`${first.message}; nor is there WebGL2: ${second.message}`)
    }
  }
}

/**
 * The first computation: integers, which to gpu.js are floats, must keep all their bits. An adapter may be broken, or
 * gpu.js be another version than the one whose inside this device knows. Returns what is wrong, undefined if nothing.
 * @throws whatever fails on the way.
 */
async function checkBits(device: Device): Promise<string | undefined> {
  // As floats: NaNs that are quiet, signalling and negative, denormals, zeros of both signs.
  const integers = Int32Array.of(
    0x7fc01234,
    0x7f800001,
    -0x3f0001,
    1,
    0x00400000,
    -0x7fffffff,
    0,
    -0x80000000,
  )
  const shape = [integers.length]
  const copy = copyKernel('int32', shape, contiguousView(shape))
  const buffers = [integers, integers].map(({ byteLength }) => device.alloc(byteLength))
  device.write(buffers[0], integers)
  device.run(device.compile(copy)!, buffers)
  const copied = new Int32Array(await device.read(buffers[1]))
  for (const buffer of buffers) device.free(buffer)
  return copied.every((x, i) => x === integers[i])
    ? undefined
    : `it makes ${copied} of the integers ${integers}`
}
