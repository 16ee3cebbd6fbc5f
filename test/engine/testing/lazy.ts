import { referenceDevice } from '../../../engine/devices/reference/index.js'
import { type Device, type DeviceBuffer, guarded } from '../../../engine/index.js'

const bytesOf = (data: ArrayBufferView): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()

/** What was put off. */
type Late = { readonly isRun: boolean; readonly work: () => void }

/**
 * The reference device, which does nothing before it is read from. `data`, `args`: what it keeps of what it is handed;
 * `free`: what it does at once with what is freed; `order`: in which it does what it has put off.
 */
export function lazy({
  data = bytesOf as (data: ArrayBufferView) => ArrayBufferView,
  args = (args: readonly DeviceBuffer[]): readonly DeviceBuffer[] => [...args],
  free = (_: DeviceBuffer): unknown => undefined,
  order = (works: readonly Late[]): readonly Late[] => works,
} = {}): Device {
  const reference = referenceDevice()
  const late: Late[] = []
  return guarded({
    ...reference,
    free,
    write(buffer, written) {
      const kept = data(written)
      late.push({ isRun: false, work: () => reference.write(buffer, kept) })
    },
    run(program, given) {
      const kept = args(given)
      late.push({ isRun: true, work: () => reference.run(program, kept) })
    },
    read(buffer) {
      for (const { work } of order(late.splice(0))) work()
      return reference.read(buffer)
    },
    stats: () => ({ buffers: 0, bytes: 0 }),
  })
}
