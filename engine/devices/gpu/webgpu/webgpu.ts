import type { Kernel } from '../../../kernel/kernel.js'
import type { Device, DeviceBuffer, Program } from '../../device.js'
import { type Aliasing, type Compiled, Compiler, softwareThreads } from '../compiler.js'
import { checkBytes, gpuLost } from '../errors.js'
import type { GpuJs, WebGpuKernel } from '../gpujs.js'
import { Recordings } from '../recordings.js'
import { Workspace } from '../workspace.js'
import type { Adapter } from './adapter.js'
import { ErrorScopes } from './errorScopes.js'
import { Queue } from './queue.js'
import { type Recording, record } from './recorder.js'
import { bufferUsage } from './usage.js'
import { wgslKernel } from './wgsl.js'

/**
 * The back end over WebGPU, in the order in which things happen: adapter.ts finds an adapter (asking a process of its own,
 * adapterInfo.ts), wgsl.ts has gpu.js compile kernels to WGSL, recorder.ts binds a launch to its buffers, and queue.ts
 * submits recorded commands in order. A loop of any number of steps is recorded once for its buffers and is then one
 * submission. What goes wrong on the GPU shows in errorScopes.ts when a buffer is read.
 */

/** Threads that saturate a GPU: a few warps for every core of a large one. */
const gpuThreads = 32768

type WebGpuBuffer = DeviceBuffer & { readonly id: number; readonly memory: GPUBuffer }

/** What runs kernels on an adapter: it compiles them, takes their commands in order, and lends them memory. */
export type Backend = {
  readonly device: GPUDevice
  readonly compiler: Compiler<WebGpuKernel>
  readonly queue: Queue
  readonly workspace: Workspace<GPUBuffer>
}

/** Opens the back end on an adapter; its owner closes it: the compiler, the workspace, then the device. */
export function openBackend(
  gpujs: GpuJs,
  { device, software }: Pick<Adapter, 'device' | 'software'>,
): Backend {
  const gpu = new gpujs.GPU<WebGpuKernel>({ mode: 'webgpu' })
  gpu.Kernel = wgslKernel(gpujs)
  const capabilities = {
    maxBuffers: device.limits.maxStorageBuffersPerShaderStage,
    saturation: software ? softwareThreads : gpuThreads,
    multipleStores: true,
    fixedThreads: true,
  }
  return {
    device,
    compiler: new Compiler(gpujs, gpu, capabilities),
    queue: new Queue(device),
    workspace: new Workspace(
      size => device.createBuffer({ size, usage: bufferUsage.storage }),
      buffer => buffer.destroy(),
    ),
  }
}

/** A kernel, compiled for each aliasing of its arguments and bound to the buffers of its last launches. */
class WebGpuProgram implements Program {
  readonly #variants = new Map<string, Compiled<WebGpuKernel>>()
  readonly #recordings: Recordings<Recording>

  constructor(
    readonly kernel: Kernel,
    readonly backend: Backend,
  ) {
    this.#recordings = new Recordings(({ params }) => params && backend.queue.destroy(params))
  }

  /** The kernel compiled for arguments that are aliased so. */
  #variant(aliasing: Aliasing): Compiled<WebGpuKernel> {
    const key = `${aliasing}`
    const compiled = this.#variants.get(key) ?? this.backend.compiler.compile(this.kernel, aliasing)
    this.#variants.set(key, compiled)
    return compiled
  }

  /** Enqueue a launch, once its kernels are built. */
  enqueue(buffers: readonly WebGpuBuffer[]): void {
    const { device, compiler, queue, workspace } = this.backend
    const memories = buffers.map(({ memory }) => memory)
    const args = memories.map(buffer => ({ buffer, byte: 0 }))
    const key = buffers.map(({ id }) => id).join()
    const variant = this.#variant(memories.map(memory => memories.indexOf(memory)))
    const launch = (): Promise<void> | undefined => {
      let recording = this.#recordings.get(key) ?? record(device, workspace, variant, args)
      if (!recording) {
        // A loop some of whose arguments are one buffer in some iterations only: here any two may be.
        const anyAliasing = this.#variant(undefined)
        if (compiler.ready) return compiler.ready.then(launch)
        recording = record(device, workspace, anyAliasing, args)
      }
      if (!recording) throw new Error('gpu device: arguments of a loop overlap')
      this.#recordings.set(key, recording)
      recording.run(queue)
      queue.submitIfLong()
      return undefined
    }
    queue.do(launch, compiler.ready)
  }
}

/** The device over WebGPU: kernels compiled to WGSL by gpu.js, run over buffers that stay on the GPU. */
export class WebGpuDevice implements Device {
  readonly name = 'gpu'
  readonly description: string
  // Our functions keep 3e-7; WGSL's division may be off by 2.5 units of the last place, its square root by a few.
  readonly mapEps = 1e-6
  readonly matmulEps = 1e-6
  readonly #adapter: Adapter
  readonly #backend: Backend
  readonly #errors: ErrorScopes
  readonly #maxBytes: number
  #nextId = 0

  constructor(gpujs: GpuJs, adapter: Adapter) {
    const { device, description } = adapter
    this.description = description
    this.#adapter = adapter
    this.#maxBytes = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize)
    this.#backend = openBackend(gpujs, adapter)
    this.#errors = new ErrorScopes(device)
  }

  alloc(bytes: number): WebGpuBuffer {
    checkBytes(bytes, this.#maxBytes)
    const { device } = this.#backend
    const memory = device.createBuffer({ size: allocatedBytes(bytes), usage: bufferUsage.storage })
    return { bytes, id: this.#nextId++, memory }
  }

  free(buffer: DeviceBuffer): void {
    const { memory } = buffer as WebGpuBuffer
    const { queue } = this.#backend
    queue.do(() => {
      queue.destroy(memory)
      return undefined
    })
  }

  write(buffer: DeviceBuffer, data: ArrayBufferView): void {
    if (!data.byteLength) return
    const { memory } = buffer as WebGpuBuffer
    const { device, queue } = this.#backend
    const bytes = new Uint8Array(allocatedBytes(data.byteLength))
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    queue.do(() => {
      // What is recorded must still see the old contents.
      queue.submit()
      device.queue.writeBuffer(memory, 0, bytes)
      return undefined
    })
  }

  async read(buffer: DeviceBuffer): Promise<ArrayBuffer> {
    const { queue } = this.#backend
    const staging = await this.#copyToHost(buffer as WebGpuBuffer)
    const errors = this.#errors.take()
    try {
      await queue.settled()
      await errors
      await staging.mapAsync(mapForReading)
      return staging.getMappedRange().slice(0, buffer.bytes)
    } catch (error) {
      if (this.#adapter.isLost) throw gpuLost()
      throw error
    } finally {
      staging.destroy()
    }
  }

  /** A staging buffer with a copy of a buffer, once the copy is submitted after all work so far. */
  async #copyToHost({ bytes, memory }: WebGpuBuffer): Promise<GPUBuffer> {
    const { device, queue } = this.#backend
    const size = allocatedBytes(bytes)
    const staging = device.createBuffer({ size, usage: bufferUsage.staging })
    await new Promise<void>(resolve => {
      queue.do(() => {
        queue.copy(memory, 0, staging, 0, size)
        queue.submit()
        resolve()
        return undefined
      })
    })
    return staging
  }

  compile(kernel: Kernel): Program | null {
    return this.#backend.compiler.takes(kernel) ? new WebGpuProgram(kernel, this.#backend) : null
  }

  run(program: Program, args: readonly DeviceBuffer[]): void {
    ;(program as WebGpuProgram).enqueue(args as readonly WebGpuBuffer[])
  }

  async close(): Promise<void> {
    const { device, compiler, queue, workspace } = this.#backend
    try {
      await queue.settled()
      queue.submit()
      await device.queue.onSubmittedWorkDone()
    } finally {
      await compiler.close()
      workspace.destroy()
      device.destroy()
    }
  }
}

/** WebGPU's GPUMapMode.READ. */
const mapForReading = 0x01

/** Bytes of a buffer on the GPU: whole words, one at least. */
const allocatedBytes = (bytes: number): number => Math.max(4, Math.ceil(bytes / 4) * 4)
