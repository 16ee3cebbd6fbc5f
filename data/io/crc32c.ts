/** CRC32C (Castagnoli), the checksum of TFRecord files and of TensorFlow's checkpoint tables. */

const polynomial = 0x82f63b78 // its bits reversed

/** The checksum's change by each byte. */
const table = new Uint32Array(256)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
  table[byte] = crc
}

/** CRC32C of `bytes` as an unsigned 32-bit integer; `crc` continues the checksum of the bytes before them. */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  let state = ~crc
  for (let i = 0; i < bytes.length; i++) state = table[(state ^ bytes[i]) & 255] ^ (state >>> 8)
  return ~state >>> 0
}

/**
 * The CRC32C as TensorFlow stores it: rotated right by 15 bits plus a constant, so that the checksum of data that
 * contain checksums stays sound (tensorflow/core/lib/hash/crc32c.h).
 */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
