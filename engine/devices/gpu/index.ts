import { type Device, type DeviceBuffer, DeviceUnavailableError, type Program } from '../../device.js'
import type { DeviceOptions } from '../../devices.js'
import { guarded } from '../../guarded.js'
import type { Kernel } from '../../kernel.js'
import { loadGpuJs, openAdapter } from './adapter.js'
import { type Compiled, Compiler } from './compiler.js'
import { Queue } from './queue.js'
import { type Recording, record, storage, Workspace } from './recorder.js'

type GpuDeviceBuffer = DeviceBuffer & { readonly id: number; gpu: GPUBuffer | undefined }

type GpuProgram = Program & {
  /** Compiled, by which of the arguments are the same buffer. */
  readonly variants: Map<string, Compiled>
  /** Bound to buffers: by these buffers' ids, the latest last. */
  readonly recordings: Map<string, Recording>
}

const cpuWillDo = (): boolean => typeof process !== 'undefined' && process.env?.XENOGRAD_GPU_ALLOW_CPU === '1'

/** Threads that keep a device busy: a few warps for every core of a large GPU; what a CPU has is soon enough. */
const gpuThreads = 32768
const softwareThreads = 64

/** Recordings that a program keeps. A compiled function needs one or two: its results alternate between buffers. */
const recordingsKept = 4

const mapRead = 0x01
const copyDestination = 0x08

/**
 * Kernels on a GPU through gpu.js: written in JavaScript from the engine's kernels, compiled to WGSL by gpu.js, and run
 * over WebGPU buffers that stay on the device. A loop of any number of steps is recorded once for its buffers and is
 * then one submission. Takes all kernels of float32 and int32.
 *
 * `allowCpu`: accept a software adapter, too; if not given, the environment variable XENOGRAD_GPU_ALLOW_CPU=1 says so.
 * One at a time: gpu.js has one device for a process.
 * @throws DeviceUnavailableError without gpu.js, WebGPU or an adapter.
 */
export async function gpuDevice({ allowCpu }: DeviceOptions = {}): Promise<Device> {
  const gpujs = await loadGpuJs()
  const adapter = await openAdapter(gpujs, allowCpu === undefined ? cpuWillDo() : allowCpu === true)
  const { device, description } = adapter
  const { limits } = device
  const maxBytes = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize)
  const busy = adapter.software ? softwareThreads : gpuThreads
  const compiler = new Compiler(gpujs, limits.maxStorageBuffersPerShaderStage, busy)
  const queue = new Queue(device)
  const workspace = new Workspace(device)
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
  function variantOf({ kernel, variants }: GpuProgram, slots: readonly number[] | undefined): Compiled {
    const key = `${slots}`
    const compiled = variants.get(key) ?? compiler.compile(kernel, slots)
    variants.set(key, compiled)
    return compiled
  }

  function keep({ recordings }: GpuProgram, key: string, recording: Recording): void {
    recordings.set(key, recording)
    for (const [oldest, { params }] of recordings) {
      if (recordings.size <= recordingsKept) break
      recordings.delete(oldest)
      if (params) queue.destroy(params)
    }
  }

  const opened: Device = {
    name: 'gpu',
    description,
    // Our functions keep 3e-7; WGSL's division may be off by 2.5 units of the last place, its square root by a few.
    mapEps: 1e-6,
    matmulEps: 1e-6,
    alloc(bytes) {
      if (bytes > maxBytes)
        throw new Error(
          `gpu device: a buffer of ${bytes} bytes; this adapter's buffers have at most ${maxBytes}`,
        )
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
      const program: GpuProgram = { kernel, variants: new Map(), recordings: new Map() }
      return program
    },
    run(launched, args) {
      const program = launched as GpuProgram
      const buffers = args.map(memory)
      const slots = buffers.map(buffer => buffers.indexOf(buffer))
      const key = args.map(buffer => (buffer as GpuDeviceBuffer).id).join()
      const at = buffers.map(buffer => ({ buffer, byte: 0 }))
      const bind = (compiled: Compiled) => record(device, workspace, compiled, at)
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
          keep(program, key, recording)
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
  const wrong = await checkBits(opened).catch((error: Error) => `it fails (${error.message.split('\n')[0]})`)
  if (wrong === undefined) return guarded(opened)
  await opened.close().catch(() => {})
  throw new DeviceUnavailableError(
    `device 'gpu': ${description}: ${wrong}; take gpu.js 2.24, or another device`,
  )
}

/**
 * The first computation: integers, which to gpu.js are floats, must keep all their bits. Returns what is wrong, throws what
 * goes wrong: an adapter may be broken, or gpu.js be another version than the one whose inside this device knows.
 */
async function checkBits(opened: Device): Promise<string | undefined> {
  // As floats: NaNs that are quiet, signalling and negative, denormals, zeros of both signs.
  const odd = Int32Array.of(0x7fc01234, 0x7f800001, -0x3f0001, 1, 0x00400000, -0x7fffffff, 0, -0x80000000)
  const view = { offset: 0, strides: [1] }
  const buffers = [odd, odd].map(({ byteLength }) => opened.alloc(byteLength))
  opened.write(buffers[0], odd)
  const copy: Kernel = {
    kind: 'copy',
    dtype: 'int32',
    shape: [odd.length],
    source: view,
    to: view,
    accumulate: false,
  }
  opened.run(opened.compile(copy)!, buffers)
  const found = new Int32Array(await opened.read(buffers[1]))
  for (const buffer of buffers) opened.free(buffer)
  return found.every((x, i) => x === odd[i]) ? undefined : `it makes ${found} of the integers ${odd}`
}
