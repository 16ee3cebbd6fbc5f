import type { Kernel } from '../../../kernel/kernel.js'
import type { Device, DeviceBuffer, Program } from '../../device.js'
import { type Compiled, Compiler } from '../compiler.js'
import type { GpuJs, WebGpuKernel } from '../gpujs.js'
import { checkBytes, Recordings, Workspace } from '../launch.js'
import type { Adapter } from './adapter.js'
import { Queue } from './queue.js'
import { type Recording, record } from './recorder.js'
import { wgslKernel } from './wgsl.js'

type GpuDeviceBuffer = DeviceBuffer & { readonly id: number; gpu: GPUBuffer | undefined }

type GpuProgram = Program & {
  /** Compiled, by which of the arguments are the same buffer. */
  readonly variants: Map<string, Compiled<WebGpuKernel>>
  /** Bound to buffers: by these buffers' ids. */
  readonly recordings: Recordings<Recording>
}

/** Threads that keep a device busy: a few warps for every core of a large GPU; what a CPU has is soon enough. */
const gpuThreads = 32768
const softwareThreads = 64

const mapRead = 0x01
const copyDestination = 0x08
/** What buffers are used for: storage, and copies from and to (the numbers are WebGPU's GPUBufferUsage). */
export const storage = 0x80 | 0x04 | copyDestination

/** What runs kernels on an adapter: compiles them, takes their commands in order, and lends them memory. */
export function webGpuParts(gpujs: GpuJs, { device, software }: Pick<Adapter, 'device' | 'software'>) {
  const busy = software ? softwareThreads : gpuThreads
  const gpu = new gpujs.GPU<WebGpuKernel>({ mode: 'webgpu' })
  gpu.Kernel = wgslKernel(gpujs)
  const maxBuffers = device.limits.maxStorageBuffersPerShaderStage
  return {
    compiler: new Compiler(gpujs, gpu, { maxBuffers, busy, manyStores: true, sized: true }),
    queue: new Queue(device),
    workspace: new Workspace(
      size => device.createBuffer({ size, usage: storage }),
      buffer => buffer.destroy(),
    ),
  }
}

/**
 * The device over WebGPU: kernels compiled to WGSL by gpu.js, and run over WebGPU buffers that stay on the device. A loop
 * of any number of steps is recorded once for its buffers and is then one submission.
 */
export function webGpuDevice(gpujs: GpuJs, adapter: Adapter): Device {
  const { device, description } = adapter
  const { limits } = device
  const maxBytes = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize)
  const { compiler, queue, workspace } = webGpuParts(gpujs, adapter)
  let buffers = 0

  // What goes wrong on the GPU shows later, in these scopes; `read` asks for it.
  const scopes = ['validation', 'out-of-memory'] as const
  const watch = () => {
    for (const scope of scopes) device.pushErrorScope(scope)
  }
  watch()

  const memory = (buffer: DeviceBuffer): GPUBuffer => {
    const { gpu } = buffer as GpuDeviceBuffer
    if (!gpu) throw new Error('gpu device: use of a buffer after it was freed')
    return gpu
  }
  const inWords = (bytes: number): number => Math.max(4, Math.ceil(bytes / 4) * 4)

  /** A program compiled for arguments of which the same number says that they are the same buffer, or for any. */
  function variantOf(
    { kernel, variants }: GpuProgram,
    slots: readonly number[] | undefined,
  ): Compiled<WebGpuKernel> {
    const key = `${slots}`
    const compiled = variants.get(key) ?? compiler.compile(kernel, slots)
    variants.set(key, compiled)
    return compiled
  }

  return {
    name: 'gpu',
    description,
    // Our functions keep 3e-7; WGSL's division may be off by 2.5 units of the last place, its square root by a few.
    mapEps: 1e-6,
    matmulEps: 1e-6,
    alloc(bytes) {
      checkBytes(bytes, maxBytes)
      const gpu = device.createBuffer({ size: inWords(bytes), usage: storage })
      return { bytes, id: buffers++, gpu } as GpuDeviceBuffer
    },
    free(buffer) {
      const gpu = memory(buffer)
      ;(buffer as GpuDeviceBuffer).gpu = undefined
      queue.do(() => {
        queue.destroy(gpu)
        return undefined
      })
    },
    write(buffer, data) {
      if (!data.byteLength) return
      const to = memory(buffer)
      const bytes = new Uint8Array(inWords(data.byteLength))
      bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      queue.do(() => {
        // What is recorded must still see the old contents.
        queue.submit()
        device.queue.writeBuffer(to, 0, bytes)
        return undefined
      })
    },
    async read(buffer) {
      const from = memory(buffer)
      const size = inWords(buffer.bytes)
      const staging = device.createBuffer({ size, usage: mapRead | copyDestination })
      const copied = new Promise<void>(resolve => {
        queue.do(() => {
          queue.copy(from, 0, staging, 0, size)
          queue.submit()
          resolve()
          return undefined
        })
      })
      await copied
      const failures = scopes.map(() => device.popErrorScope())
      watch()
      try {
        await queue.settled()
        for (const failure of failures) {
          const error = await failure
          if (error) throw new Error(`gpu device: ${error.message}`)
        }
        await staging.mapAsync(mapRead)
        return staging.getMappedRange().slice(0, buffer.bytes)
      } catch (error) {
        if (adapter.isLost) throw new Error('gpu device: the GPU was lost; values on it are gone')
        throw error
      } finally {
        staging.destroy()
      }
    },
    compile(kernel: Kernel): Program | null {
      if (!compiler.takes(kernel)) return null
      const recordings = new Recordings<Recording>(({ params }) => params && queue.destroy(params))
      const program: GpuProgram = { kernel, variants: new Map(), recordings }
      return program
    },
    run(launched, args) {
      const program = launched as GpuProgram
      const buffers = args.map(memory)
      const slots = buffers.map(buffer => buffers.indexOf(buffer))
      const key = args.map(buffer => (buffer as GpuDeviceBuffer).id).join()
      const at = buffers.map(buffer => ({ buffer, byte: 0 }))
      const bind = (compiled: Compiled<WebGpuKernel>) => record(device, workspace, compiled, at)
      const expected = variantOf(program, slots)
      const enqueue = (): Promise<void> | undefined => {
        let recording = program.recordings.get(key)
        if (!recording) {
          recording = bind(expected)
          if (!recording) {
            const any = variantOf(program, undefined)
            if (compiler.ready) return compiler.ready.then(enqueue)
            recording = bind(any)
          }
          if (!recording) throw new Error('gpu device: arguments of a loop overlap')
          program.recordings.set(key, recording)
        }
        recording.run(queue)
        queue.submitIfLong()
        return undefined
      }
      queue.do(enqueue, compiler.ready)
    },
    async close() {
      try {
        await queue.settled()
        queue.submit()
        await device.queue.onSubmittedWorkDone()
      } finally {
        await compiler.close()
        workspace.destroy()
        device.destroy()
      }
    },
  }
}
