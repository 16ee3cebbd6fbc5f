import { DeviceUnavailableError } from '../../device.js'
import type { GpuJs, WebGpuContext } from '../gpujs.js'

/** Where a package is looked for besides the places that Node looks in: a folder with a node_modules. */
const packagesVariable = 'XENOGRAD_GPU_PACKAGES'

/** Node, not a browser. */
export const inNode = typeof process !== 'undefined' && process.versions?.node !== undefined

/** The URL of a package beside xenograd, the working directory, or $XENOGRAD_GPU_PACKAGES; else undefined. */
async function findPackage(name: string): Promise<string | undefined> {
  const { createRequire } = await import('node:module')
  const { pathToFileURL } = await import('node:url')
  const folders = [import.meta.url, `${process.cwd()}/`, process.env[packagesVariable]]
  for (const folder of folders) {
    if (!folder) continue
    try {
      const path = createRequire(folder.startsWith('file:') ? folder : `${folder}/`).resolve(name)
      return pathToFileURL(path).href
    } catch {}
  }
  return undefined
}

/** An installed package, from where `findPackage` finds it; else undefined. */
export async function importPackage(name: string): Promise<Record<string, unknown> | undefined> {
  const url = await findPackage(name)
  return url === undefined ? undefined : await import(url)
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
  'WebGL2FunctionNode',
  'WebGL2Kernel',
  'WebGPUContext',
  'FunctionBuilder',
] as const

function isGpuJs(found: unknown): found is GpuJs {
  return (
    ((typeof found === 'object' && found !== null) || typeof found === 'function') &&
    parts.every(name => typeof (found as Record<string, unknown>)[name] === 'function')
  )
}

/** What an adapter says of itself. */
type AdapterInfo = Pick<
  GPUAdapterInfo,
  'description' | 'device' | 'architecture' | 'vendor' | 'isFallbackAdapter'
>

const noAdapter = (why?: string): DeviceUnavailableError =>
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
  const { execFile } = await import('node:child_process')
  const { fileURLToPath } = await import('node:url')
  const script = fileURLToPath(new URL('./adapterInfo.js', import.meta.url))
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script, webgpu], (error, stdout, stderr) => {
      const found = stdout.match(/^adapter: (.*)$/m)?.[1]
      const info: AdapterInfo | null = found === undefined ? null : JSON.parse(found)
      if (info) resolve(info)
      else if (error) reject(noAdapter(`looking for one ended with ${error.signal ?? `code ${error.code}`}`))
      else reject(noAdapter(stderr.match(/^Warning: (.*?)[.!]?$/m)?.[1]))
    })
  })
}

/** An adapter's name. @throws DeviceUnavailableError when it is software and `allowCpu` is not set. */
function accept(info: AdapterInfo, allowCpu: boolean): string {
  const name = info.description || info.device || info.architecture || info.vendor || 'unnamed adapter'
  if (info.isFallbackAdapter && !allowCpu)
    throw unavailable(
      `the only adapter is software on the CPU (${name})`,
      'install a GPU driver, or accept it with --gpu-allow-cpu (option allowCpu)',
    )
  return name
}

/**
 * WebGPU: the host's own, or in Node that of the package webgpu (Dawn) once it is known to find an adapter that will
 * be accepted. @throws DeviceUnavailableError
 */
async function loadWebGpu(allowCpu: boolean): Promise<GPU> {
  const own = globalThis.navigator?.gpu
  if (own) return own
  if (!inNode)
    throw unavailable(
      'this browser has no WebGPU (navigator.gpu)',
      'take one that has, and a page from https or localhost',
    )
  const url = await findPackage('webgpu')
  if (url === undefined) throw unavailable('the package webgpu is not installed', install)
  const webgpu = (await import(url).catch((error: Error) => {
    throw unavailable(`the package webgpu does not load (${error.message.split('\n')[0]})`, install)
  })) as { create(options: string[]): GPU }
  accept(await lookForAdapter(url), allowCpu)
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
  const name = accept(info, allowCpu)
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
