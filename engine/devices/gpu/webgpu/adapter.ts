import { requireNode } from '../../shared/node.js'
import type { GpuJs, WebGpuContext } from '../gpujs.js'
import { acceptAdvice, findPackage, inNode, installAdvice, unavailable } from '../packages.js'

/** What an adapter says of itself. */
type AdapterInfo = Pick<
  GPUAdapterInfo,
  'description' | 'device' | 'architecture' | 'vendor' | 'isFallbackAdapter'
>

const noAdapter = (why?: string) =>
  unavailable(
    `WebGPU finds no adapter${why === undefined ? '' : ` (${why})`}`,
    'install a GPU driver with Vulkan (Linux: libvulkan1), Metal or Direct3D 12',
  )

/**
 * What the adapter says of itself that the package webgpu will give. A process of its own looks for it: Dawn and the
 * drivers write warnings to stderr, which no option of theirs prevents, and a driver may crash.
 *
 * @throws DeviceUnavailableError when there is none, with the first warning.
 */
async function lookForAdapter(webgpu: string): Promise<AdapterInfo> {
  const { execFile } = requireNode('node:child_process')
  const { fileURLToPath } = requireNode('node:url')
  const script = fileURLToPath(new URL(/* @vite-ignore */ './adapterInfo.js', import.meta.url))
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script, webgpu], (error, stdout, stderr) => {
      const line = stdout.match(/^adapter: (.*)$/m)?.[1]
      const info: AdapterInfo | null = line === undefined ? null : JSON.parse(line)
      if (info) resolve(info)
      else if (error) reject(noAdapter(`looking for one ended with ${error.signal ?? `code ${error.code}`}`))
      else reject(noAdapter(stderr.match(/^Warning: (.*?)[.!]?$/m)?.[1]))
    })
  })
}

/**
 * An adapter's name.
 * @throws DeviceUnavailableError when it is software and `allowCpu` is not set.
 */
function acceptAdapter(info: AdapterInfo, allowCpu: boolean): string {
  const name = info.description || info.device || info.architecture || info.vendor || 'unnamed adapter'
  if (info.isFallbackAdapter && !allowCpu)
    throw unavailable(
      `the only adapter is software on the CPU (${name})`,
      `install a GPU driver, or ${acceptAdvice}`,
    )
  return name
}

/**
 * WebGPU: the host's own, or in Node that of the package webgpu (Dawn) once it is known to find an adapter that will
 * be accepted.
 * @throws DeviceUnavailableError when there is none, or no adapter that will be accepted.
 */
async function loadWebGpu(allowCpu: boolean): Promise<GPU> {
  const builtIn = globalThis.navigator?.gpu
  if (builtIn) return builtIn
  if (!inNode)
    throw unavailable(
      'this browser has no WebGPU (navigator.gpu)',
      'take one that has, and a page from https or localhost',
    )
  const url = await findPackage('webgpu')
  if (url === undefined) throw unavailable('the package webgpu is not installed', installAdvice)
  const webgpu = (await import(url).catch((error: Error) => {
    throw unavailable(`the package webgpu does not load (${error.message.split('\n')[0]})`, installAdvice)
  })) as { create(options: string[]): GPU }
  acceptAdapter(await lookForAdapter(url), allowCpu)
  const gpu = webgpu.create([])
  // gpu.js looks for it there, as in a browser.
  if (!globalThis.navigator)
    Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true, writable: true })
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true })
  return gpu
}

/** An adapter and its device, opened for gpu.js. */
export type Adapter = WebGpuContext & { readonly software: boolean; readonly description: string }

/**
 * The WebGPU adapter that gpu.js shall use, with all the storage buffers and memory that it can give: gpu.js itself
 * asks for eight buffers a kernel.
 *
 * @throws DeviceUnavailableError when there is none, or only software that runs on the CPU and `allowCpu` is not set.
 */
export async function openAdapter({ WebGPUContext }: GpuJs, allowCpu: boolean): Promise<Adapter> {
  const gpu = await loadWebGpu(allowCpu)
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) throw noAdapter()
  const { info, limits } = adapter
  const name = acceptAdapter(info, allowCpu)
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    },
  })
  const context: Adapter = {
    adapter,
    device,
    isLost: false,
    software: info.isFallbackAdapter,
    description: `gpu.js, WebGPU on ${name}${info.isFallbackAdapter ? ' (software on the CPU)' : ''}`,
  }
  device.lost.then(() => {
    context.isLost = true
  })
  // Where gpu.js takes the device of its kernels from.
  WebGPUContext.acquire = async () => context
  return context
}
