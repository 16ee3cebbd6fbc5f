import type { DeviceBuffer } from '../devices/device.js'
import type { Tensor } from '../graph/tensor.js'
import type { DType } from '../kernel/dtype.js'
import { realise } from '../runtime/execute.js'
import type { Runtime } from '../runtime/runtime.js'
import type { ProcessGroup, Summable } from './processGroup.js'

/**
 * Sums over processes of what lies in a device's memory: all that data-parallel training asks of a network, and what a
 * library of collective operations is fitted to.
 *
 * **Order**: a sum takes effect in the order of `run` and `write`, and what is enqueued once the promise is settled sees
 * it. Where the device's memory is the host's (`Device.mapped`), the host waits for the device and adds. A library that
 * works on the device's stream (HCCL, NCCL) enqueues, and settles the promise at once.
 *
 * **Bits**: the sum is that of the fixed tree of `ProcessGroup.sum`. Rings and trees of such libraries add in an order
 * that depends on the number of processes. In a communicator of two, a sum is `a + b` in either order: an all-reduce in
 * pairs, of neighbours first, then of ranks that differ by 2, by 4 …, is that tree with any library.
 *
 * To fit HCCL: for each of the log2(size) pairs of a process, the lower rank's `HcclGetRootInfo` reaches the higher one
 * through `ProcessGroup.sum` of its words, and `HcclCommInitRootInfo(2, …)` makes the pair's communicator; `allReduce`
 * then is one `HcclAllReduce(address, address, count, dtype, HCCL_REDUCE_SUM, communicator, stream)` for each pair and buffer.
 */
export type Collective = {
  /** Add buffers up over all processes, in place. `dtype`: what their bytes are taken for. */
  allReduce(buffers: readonly DeviceBuffer[], dtype: DType): Promise<void>
  /** Give back what it holds of the device. */
  dispose(): void
}

/** Bytes as numbers. */
function numbersIn({ buffer, byteOffset, byteLength }: Uint8Array, dtype: DType): Summable {
  if (dtype === 'float32') return new Float32Array(buffer, byteOffset, byteLength / 4)
  if (dtype === 'float64') return new Float64Array(buffer, byteOffset, byteLength / 8)
  return new Int32Array(buffer, byteOffset, byteLength / 4)
}

/** Sums over the processes of a group of what lies in a device's memory, by way of the host's where that is another. */
export function collectiveOf(group: ProcessGroup, runtime: Runtime): Collective {
  // Reading a few bytes waits for all that was enqueued before.
  const fence = runtime.alloc(4)
  const { device } = runtime
  return {
    async allReduce(buffers, dtype) {
      await runtime.read(fence)
      for (const buffer of buffers) {
        if (device.mapped) await group.sum(numbersIn(device.mapped(buffer), dtype))
        else {
          const copy = new Uint8Array(await runtime.read(buffer))
          await group.sum(numbersIn(copy, dtype))
          runtime.write(buffer, copy)
        }
      }
    },
    dispose: () => runtime.free(fence),
  }
}

/**
 * Add tensors up over all processes, in place. `dtype`: what their bytes are taken for, by default that of the first;
 * sums of int32 words, of which all processes but one have zeros, hand on any value bit for bit.
 */
export async function allReduce(
  collective: Collective,
  tensors: readonly Tensor[],
  dtype: DType | undefined = tensors[0]?.dtype,
): Promise<void> {
  if (dtype === undefined) return
  realise(tensors)
  const buffers = tensors.flatMap(({ storage }) => (storage ? [storage.buffer] : []))
  await collective.allReduce(buffers, dtype)
}
