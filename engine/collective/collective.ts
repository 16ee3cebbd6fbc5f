import type { DeviceBuffer } from '../devices/device.js'
import type { Tensor } from '../graph/tensor.js'
import type { DType } from '../kernel/dtype.js'
import { realise } from '../runtime/execute.js'
import type { Runtime } from '../runtime/runtime.js'
import { Pairs } from './pairs.js'
import type { ProcessGroup, Summable } from './processGroup.js'

/**
 * Sums over processes of what lies in a device's memory: all that data-parallel training asks of a network, and what a
 * library of collective operations is fitted to.
 *
 * **Order**: a sum takes effect in the order of `run` and `write`, and what is enqueued once the promise is settled sees
 * it. Where devices have sums of their own (`Device.pairing`: HCCL), they are enqueued, and the promise is settled at once.
 * Where the device's memory is the host's (`Device.mapped`), the host waits for the device and adds.
 *
 * **Bits**: the sum is that of the fixed tree of `ProcessGroup.sum`. Rings and trees of libraries add in an order that
 * depends on the number of processes, so these are asked for pairs only (`Pairs`).
 */
export type Collective = {
  /** Add buffers up over all processes, in place. `dtype`: what their bytes are taken for. */
  allReduce(buffers: readonly DeviceBuffer[], dtype: DType): Promise<void>
  /** Give back what it holds of the device, once all sums are done. */
  dispose(): void
}

/** Bytes as numbers. */
function numbersIn({ buffer, byteOffset, byteLength }: Uint8Array, dtype: DType): Summable {
  if (dtype === 'float32') return new Float32Array(buffer, byteOffset, byteLength / 4)
  if (dtype === 'float64') return new Float64Array(buffer, byteOffset, byteLength / 8)
  return new Int32Array(buffer, byteOffset, byteLength / 4)
}

/**
 * Sums over the processes of a group of what lies in a device's memory: by the device itself if it has such, else by way of
 * the host's where that is another.
 */
export function collectiveOf(group: ProcessGroup, runtime: Runtime): Collective {
  // Reading a few bytes waits for all that was enqueued before.
  const fence = runtime.alloc(4)
  const { device } = runtime
  /** Null where the devices have no sums of their own; undefined before the first sum. */
  let pairs: Pairs | null | undefined
  async function sumOnHost(buffers: readonly DeviceBuffer[], dtype: DType): Promise<void> {
    await runtime.read(fence)
    for (const buffer of buffers) {
      if (device.mapped) await group.sum(numbersIn(device.mapped(buffer), dtype))
      else {
        const copy = new Uint8Array(await runtime.read(buffer))
        await group.sum(numbersIn(copy, dtype))
        runtime.write(buffer, copy)
      }
    }
  }
  return {
    async allReduce(buffers, dtype) {
      if (pairs === undefined) pairs = (await Pairs.join(group, device.pairing?.())) ?? null
      if (!pairs) await sumOnHost(buffers, dtype)
      else for (const buffer of buffers) pairs.add(buffer, dtype)
    },
    dispose() {
      runtime.free(fence)
      pairs?.close()
    },
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
