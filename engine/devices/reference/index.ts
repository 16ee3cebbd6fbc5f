import { argumentBytes, checkArguments, checkWrite } from '../../bounds.js'
import type { Device, DeviceBuffer, Program } from '../../device.js'
import type { Kernel } from '../../kernel.js'
import { interpret } from './interpret.js'

type HostBuffer = DeviceBuffer & { memory: ArrayBuffer | undefined }
type HostProgram = Program & {
  /** The least bytes of each argument. */
  readonly needs: readonly number[]
}

/**
 * The oracle: interprets kernels in float64 (stored in each buffer's own dtype), one element after the other, over
 * `ndarray` views. Slow and obvious. It takes every kernel and every dtype, and fills fresh memory with NaN so that
 * reading what nobody wrote shows.
 */
export function referenceDevice(): Device {
  const live = { buffers: 0, bytes: 0 }
  let closed = false
  const checkOpen = () => {
    if (closed) throw new Error('reference device: used after it was closed; open another')
  }
  const memory = (buffer: DeviceBuffer): ArrayBuffer => {
    checkOpen()
    const { memory } = buffer as HostBuffer
    if (!memory) throw new Error('reference device: use of a buffer after it was freed')
    return memory
  }
  return {
    name: 'reference',
    description: 'JavaScript, float64 arithmetic, the oracle for the other devices',
    alloc(bytes) {
      checkOpen()
      live.buffers++
      live.bytes += bytes
      return { bytes, memory: new Uint8Array(bytes).fill(0xff).buffer } as HostBuffer
    },
    free(buffer) {
      memory(buffer)
      ;(buffer as HostBuffer).memory = undefined
      live.buffers--
      live.bytes -= buffer.bytes
    },
    write(buffer, data) {
      checkWrite('reference device', buffer, data)
      new Uint8Array(memory(buffer)).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    },
    async read(buffer) {
      return memory(buffer).slice(0)
    },
    compile(kernel: Kernel): HostProgram {
      return { kernel, needs: argumentBytes(kernel) }
    },
    run(program, args) {
      const { kernel, needs } = program as HostProgram
      checkArguments('reference device', kernel, needs, args)
      interpret(
        kernel,
        args.map(buffer => ({ memory: memory(buffer), offset: 0 })),
      )
    },
    stats: () => ({ ...live }),
    async close() {
      closed = true
    },
  }
}
