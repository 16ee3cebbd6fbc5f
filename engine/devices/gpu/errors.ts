import type { GpuJsKernel } from './gpujs.js'

/** The errors that both back ends throw. */

/** What was put off is lost with the GPU, and so is all memory. */
export const gpuLost = (): Error => new Error('gpu device: the GPU was lost; values on it are gone')

/** @throws Error when a buffer is larger than the adapter's, which have `maxBytes` at most. */
export function checkBytes(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes)
    throw new Error(`gpu device: a buffer of ${bytes} bytes; this adapter's buffers have at most ${maxBytes}`)
}

/**
 * gpu.js falls back to another back end where it sees reason to. `wanted`: its word for ours; `isOurs`: whether the
 * kernel is built for our device or context.
 * @throws Error when gpu.js would run a kernel elsewhere.
 */
export function checkBackend({ constructor: { mode } }: GpuJsKernel, wanted: string, isOurs: boolean): void {
  if (mode !== wanted || !isOurs)
    throw new Error(`gpu device: gpu.js would run a kernel in mode '${mode}', not on this GPU`)
}
