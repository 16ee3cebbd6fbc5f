import { DeviceUnavailableError } from '../../device.js'
import type { GpuJs, WebGpuContext } from './gpujs.js'

/** Where a package is looked for besides the places that Node looks in: a folder with a node_modules. */
const packagesVariable = 'XENOGRAD_GPU_PACKAGES'

const inNode = typeof process !== 'undefined' && process.versions?.node !== undefined

/** An installed package, from beside xenograd, the working directory, or $XENOGRAD_GPU_PACKAGES; else undefined. */
async function importPackage(name: string): Promise<Record<string, unknown> | undefined> {
  const { createRequire } = await import('node:module')
  const { pathToFileURL } = await import('node:url')
  const folders = [import.meta.url, `${process.cwd()}/`, process.env[packagesVariable]]
  for (const folder of folders) {
    if (!folder) continue
    let path: string
    try {
      path = createRequire(folder.startsWith('file:') ? folder : `${folder}/`).resolve(name)
    } catch {
      continue
    }
    return await import(pathToFileURL(path).href)
  }
  return undefined
}

/** `missing`: what there is not; `advice`: how to get it. */
const unavailable = (missing: string, advice: string): DeviceUnavailableError =>
  new DeviceUnavailableError(`device 'gpu': ${missing}; ${advice}`)

const install = 'npm install gpu.js@2.24 webgpu@0.6'

/** gpu.js: the package in Node; in a browser the global that its script makes. @throws DeviceUnavailableError */
export async function loadGpuJs(): Promise<GpuJs> {
  if (!inNode) {
    const global = (globalThis as { GPU?: unknown }).GPU
    if (isGpuJs(global)) return global
    throw unavailable('gpu.js is not loaded', 'put its dist/gpu-browser.js (2.24) in a script tag before')
  }
  const found = await importPackage('gpu.js')
  if (!found) throw unavailable('the package gpu.js is not installed', install)
  if (!isGpuJs(found.default)) throw unavailable('this version of gpu.js has no WebGPU back end', install)
  return found.default
}

const parts = [
  'GPU',
  'Input',
  'WGSLFunctionNode',
  'WebGPUKernel',
  'WebGPUContext',
  'FunctionBuilder',
] as const

function isGpuJs(found: unknown): found is GpuJs {
  return (
    ((typeof found === 'object' && found !== null) || typeof found === 'function') &&
    parts.every(name => typeof (found as Record<string, unknown>)[name] === 'function')
  )
}

/** WebGPU: the host's own, or in Node that of the package webgpu (Dawn). @throws DeviceUnavailableError */
async function loadWebGpu(): Promise<GPU> {
  const own = globalThis.navigator?.gpu
  if (own) return own
  if (!inNode)
    throw unavailable(
      'this browser has no WebGPU (navigator.gpu)',
      'take one that has, and a page from https or localhost',
    )
  let found: Record<string, unknown> | undefined
  try {
    found = await importPackage('webgpu')
  } catch (error) {
    const why = (error as Error).message.split('\n')[0]
    throw unavailable(`the package webgpu does not load (${why})`, install)
  }
  if (!found) throw unavailable('the package webgpu is not installed', install)
  const gpu = (found.create as (options: string[]) => GPU)([])
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
  const gpu = await loadWebGpu()
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter)
    throw unavailable(
      'WebGPU finds no adapter',
      'install a GPU driver with Vulkan (Linux: libvulkan1), Metal or Direct3D 12',
    )
  const { info, limits } = adapter
  const name = info.description || info.device || info.architecture || info.vendor || 'unnamed adapter'
  if (info.isFallbackAdapter && !allowCpu)
    throw unavailable(
      `the only adapter is software on the CPU (${name})`,
      'install a GPU driver, or accept it with --gpu-allow-cpu (option allowCpu)',
    )
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
  WebGPUContext.acquire = async () => context
  return context
}
