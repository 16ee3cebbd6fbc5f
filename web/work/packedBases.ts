/** Bases 0 to 4 (4 is unknown), three in a byte, as 25 a + 5 b + c. */
const perByte = 3

/** How many bytes so many bases take. */
export const packedBytes = (bases: number): number => Math.ceil(bases / perByte)

/** Packs the bases of several reads, each from a byte of its own on. */
export function packBases(reads: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(reads.reduce((sum, read) => sum + packedBytes(read.length), 0))
  let next = 0
  for (const read of reads)
    for (let i = 0; i < read.length; i += perByte)
      packed[next++] = 25 * read[i] + 5 * (read[i + 1] ?? 0) + (read[i + 2] ?? 0)
  return packed
}

/** The bases of a read of `length`, whose bytes begin at `start`. */
export function unpackBases(packed: Uint8Array, start: number, length: number): Uint8Array {
  const bases = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const byte = packed[start + Math.floor(i / perByte)]
    bases[i] =
      i % perByte === 0 ? Math.floor(byte / 25) : i % perByte === 1 ? Math.floor(byte / 5) % 5 : byte % 5
  }
  return bases
}
