import { referenceDevice } from '../../../../engine/devices/reference/index.js'
import type { Device, DeviceBuffer } from '../../../../engine/index.js'

/** Devices with one thing wrong, by what it is: how to make one, and what one of the suite's failures must say. */
export type Mutants = Readonly<Record<string, readonly [device: () => Device, message: RegExp]>>

/** How the suite names the first element that differs, as a pattern. */
export const wrongElement = 'argument \\d+, element \\d+ is \\S+, on the reference device \\S+'

/** The reference device with some methods changed. */
export const behaving = (change: (reference: Device) => Partial<Device>) => (): Device => {
  const reference = referenceDevice()
  return { ...reference, ...change(reference) }
}

/** The bytes of a buffer of the reference device, as they are. */
export const memoryOf = (buffer: DeviceBuffer): ArrayBuffer =>
  (buffer as DeviceBuffer & { memory: ArrayBuffer }).memory
