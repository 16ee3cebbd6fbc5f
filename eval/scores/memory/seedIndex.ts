import { unknown } from '../../../data/index.js'

/**
 * A seed: seven codons in a row, of which the first two bases of each must be the same. The third, which may differ in
 * most codons without a change of the protein, is not looked at (a spaced seed: Ma, Tromp & Li 2002; for codons: Brejová,
 * Brown & Vinař 2003).
 */
const codons = 7
/** Bases from a seed's first to its last. */
const span = 3 * codons - 1
const keyMask = 2 ** (4 * codons) - 1
const bucketBits = 25

/** Where seeds are in a text of bases: its positions, sorted by the bucket of the seed that begins there. */
export class SeedIndex {
  /** The positions of bucket b are those from `starts[b]` to `starts[b + 1]`; other seeds may share a bucket. */
  readonly starts: Uint32Array
  readonly positions: Uint32Array

  constructor(bases: Uint8Array) {
    const starts = new Uint32Array(2 ** bucketBits + 1)
    forEachSeed(bases, (_, bucket) => {
      starts[bucket + 1]++
    })
    for (let bucket = 1; bucket < starts.length; bucket++) starts[bucket] += starts[bucket - 1]
    const positions = new Uint32Array(starts[starts.length - 1])
    // Filled from the end of each bucket, whose start is then where it was to be.
    for (let bucket = starts.length - 1; bucket > 0; bucket--) starts[bucket] = starts[bucket - 1]
    starts[0] = 0
    forEachSeed(bases, (position, bucket) => {
      positions[starts[bucket + 1]++] = position
    })
    this.starts = starts
    this.positions = positions
  }
}

/** Tells every position at which a seed begins that has no unknown base, and its bucket. */
export function forEachSeed(bases: Uint8Array, visit: (position: number, bucket: number) => void): void {
  // A seed is the one that begins a codon before it, less its first codon: three keys, one for each frame.
  const keys = new Int32Array(3)
  let known = Number(bases[0] < unknown)
  for (let i = 1; i < bases.length; i++) {
    known = bases[i] < unknown ? known + 1 : 0
    const start = i - span + 1
    const frame = i % 3
    keys[frame] = ((keys[frame] << 4) | ((bases[i - 1] & 3) << 2) | (bases[i] & 3)) & keyMask
    if (known >= span) visit(start, Math.imul(keys[frame], 0x9e3779b1) >>> (32 - bucketBits))
  }
}
