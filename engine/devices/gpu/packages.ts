import { DeviceUnavailableError } from '../device.js'
import { environment } from '../environment.js'
import { requireNode } from '../shared/node.js'
import type { GpuJs } from './gpujs.js'

/** Node, not a browser. */
export const inNode = typeof process !== 'undefined' && process.versions?.node !== undefined

/** The error of a part that is missing: what there is not, and how to get it. */
export const unavailable = (missing: string, advice: string): DeviceUnavailableError =>
  new DeviceUnavailableError(`device 'gpu': ${missing}; ${advice}`)

/** How to get the optional packages for WebGPU. */
export const installAdvice = 'npm install gpu.js@2.24 webgpu@0.6'

/** How to let the device run on a software adapter. */
export const acceptAdvice = 'accept it with the option allowCpu (or XENOGRAD_GPU_ALLOW_CPU=1)'

/**
 * The URL of an optional package, as it resolves from xenograd or from the folder that XENOGRAD_GPU_PACKAGES names;
 * undefined where it is not installed. Not from the working directory: to try devices in a folder that came from
 * somewhere must not run what lies in it.
 */
export async function findPackage(name: string): Promise<string | undefined> {
  const { createRequire } = requireNode('node:module')
  const { pathToFileURL } = requireNode('node:url')
  const packages = environment('XENOGRAD_GPU_PACKAGES')
  for (const base of [import.meta.url, ...(packages ? [`${packages}/`] : [])])
    try {
      return pathToFileURL(createRequire(base).resolve(name)).href
    } catch {}
  return undefined
}

/** An optional package, from where `findPackage` finds it; undefined where it is not installed. */
export async function importPackage(name: string): Promise<Record<string, unknown> | undefined> {
  const url = await findPackage(name)
  return url === undefined ? undefined : await import(url)
}

/**
 * gpu.js: the package in Node, in a browser the global that its script makes.
 * @throws DeviceUnavailableError when it is not there, or another version than the device knows.
 */
export async function loadGpuJs(): Promise<GpuJs> {
  if (!inNode) {
    const global = (globalThis as { GPU?: unknown }).GPU
    if (isGpuJs(global)) return global
    throw unavailable('gpu.js is not loaded', 'put its dist/gpu-browser.js (2.24) in a script tag before')
  }
  const module = await importPackage('gpu.js')
  if (!module) throw unavailable('the package gpu.js is not installed', installAdvice)
  if (!isGpuJs(module.default))
    throw unavailable('this version of gpu.js has no WebGPU back end', installAdvice)
  return module.default
}

/** The classes of gpu.js that the device uses. */
const gpuJsClasses = [
  'GPU',
  'Input',
  'WGSLFunctionNode',
  'WebGPUKernel',
  'WebGL2FunctionNode',
  'WebGL2Kernel',
  'WebGPUContext',
  'FunctionBuilder',
] as const

function isGpuJs(candidate: unknown): candidate is GpuJs {
  return (
    ((typeof candidate === 'object' && candidate !== null) || typeof candidate === 'function') &&
    gpuJsClasses.every(name => typeof (candidate as Record<string, unknown>)[name] === 'function')
  )
}
