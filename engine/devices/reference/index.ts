import type { Kernel } from '../../kernel/kernel.js'
import type { Device, DeviceBuffer, Program } from '../device.js'
import { guarded } from '../guarded.js'
import { interpret } from './interpret.js'

type HostBuffer = DeviceBuffer & { readonly memory: ArrayBuffer }

/**
 * The oracle: interprets kernels in float64 (stored in each buffer's own dtype), one element after the other, over
 * `ndarray` views. Slow and obvious. It takes every kernel and every dtype, and fills fresh memory with NaN so that
 * reading what nobody wrote shows.
 */
export function referenceDevice(): Device {
  const live = { buffers: 0, bytes: 0 }
  const memoryOf = (buffer: DeviceBuffer): ArrayBuffer => (buffer as HostBuffer).memory
  return guarded({
    name: 'reference',
    description: 'JavaScript, float64 arithmetic, the oracle for the other devices',
    alloc(bytes) {
      live.buffers++
      live.bytes += bytes
      return { bytes, memory: new Uint8Array(bytes).fill(0xff).buffer } as HostBuffer
    },
    free({ bytes }) {
      live.buffers--
      live.bytes -= bytes
    },
    write(buffer, data) {
      new Uint8Array(memoryOf(buffer)).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    },
    async read(buffer) {
      return memoryOf(buffer).slice(0)
    },
    compile(kernel: Kernel): Program {
      return { kernel }
    },
    run({ kernel }, args) {
      interpret(
        kernel,
        args.map(buffer => ({ memory: memoryOf(buffer), offset: 0 })),
      )
    },
    stats: () => ({ ...live }),
    async close() {},
  })
}
