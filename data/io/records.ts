/**
 * The frames of a TFRecord file: each record is a length (u64), the masked CRC32C of it, the payload, the masked CRC32C
 * of the payload.
 */
import { maskedCrc32c } from './crc32c.js'

/** Length and checksum of the length, in bytes. */
export const headerBytes = 12
/** The checksum after the payload, in bytes. */
export const checksumBytes = 4

/** The number at an offset, unsigned, little-endian. */
export const u32 = (bytes: Uint8Array, offset: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true)

/** Whether a file that begins with `bytes` begins with a record. */
export const isRecordHeader = (bytes: Uint8Array): boolean =>
  bytes.length >= headerBytes && maskedCrc32c(bytes.subarray(0, 8)) === u32(bytes, 8)

/** A payload in its frame. */
export function frameRecord(payload: Uint8Array): Uint8Array {
  const record = new Uint8Array(headerBytes + payload.length + checksumBytes)
  const view = new DataView(record.buffer)
  view.setUint32(0, payload.length, true)
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true)
  record.set(payload, headerBytes)
  view.setUint32(headerBytes + payload.length, maskedCrc32c(payload), true)
  return record
}
