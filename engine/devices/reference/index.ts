import type { Device, DeviceBuffer, Program } from '../../device.js'
import type { Kernel } from '../../kernel.js'
import { interpret } from './interpret.js'

type HostBuffer = DeviceBuffer & { memory: ArrayBuffer | undefined }

/**
 * The oracle: interprets kernels in float64 (stored in each buffer's own dtype), one element after the other, over
 * `ndarray` views. Slow and obvious. It takes every kernel and every dtype, and fills fresh memory with NaN so that
 * reading what nobody wrote shows.
 */
export function referenceDevice(): Device {
  const memory = (buffer: DeviceBuffer): ArrayBuffer => {
    const { memory } = buffer as HostBuffer
    if (!memory) throw new Error('reference device: use of a buffer after it was freed')
    return memory
  }
  return {
    name: 'reference',
    description: 'JavaScript, float64 arithmetic, the oracle for the other devices',
    alloc(bytes) {
      return { bytes, memory: new Uint8Array(bytes).fill(0xff).buffer } as HostBuffer
    },
    free(buffer) {
      memory(buffer)
      ;(buffer as HostBuffer).memory = undefined
    },
    write(buffer, data) {
      new Uint8Array(memory(buffer)).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    },
    async read(buffer) {
      return memory(buffer).slice(0)
    },
    compile(kernel: Kernel): Program {
      return { kernel }
    },
    run(program, args) {
      interpret(
        program.kernel,
        args.map(buffer => ({ memory: memory(buffer), offset: 0 })),
      )
    },
    async close() {},
  }
}
