/**
 * SYNTHETIC reads, so that everything runs without a download. They are no biology; say so wherever a result on them
 * is shown.
 *
 * They are made to pose the problem of Ren et al. (2019): likelihood follows background statistics, here GC content,
 * more than what marks a genus. Each base is drawn in two steps. Whether it is strong (C or G) or weak (A or T) is a
 * coin with the read's GC content: the background, which differs much from read to read and has the same distribution
 * in and out of distribution. Which of the two it then is depends on the bases before it, by the genus' own Markov
 * chain: the signature, which GC content says nothing about.
 */
import { bitsAt, foldKey, type Key, purposeKey, seedPurposes, uniformAt } from '../engine/hostRandom.js'
import { type Split, splits } from './layout.js'
import { permutation } from './random.js'
import type { Read } from './read.js'

/** How often a base is the one of its pair that the genus prefers after the bases before it. */
const preference = 0.62
/** GC contents of genera are spread evenly over this range; a read's lies around its genus' by up to `gcSpread`. */
const gcRange = [0.15, 0.85] as const
const gcSpread = 0.1
/**
 * How often an entry of a genus' chain differs from that of its side's ancestor; and how often one for a longer context
 * differs from that for the context without its first base.
 */
const divergence = 0.1

const shortestOrder = 2
const longestOrder = 4

/** The two pairs of bases: weak (A, T) and strong (C, G). */
const pairs = [
  [0, 3],
  [1, 2],
] as const
const pairOf = (base: number): number => (base === 1 || base === 2 ? 1 : 0)

/**
 * The Markov chain of a genus: after the `order` bases that are the digits of `context` in base 4 (the last base the
 * lowest digit), the preferred base of a pair (0 weak, 1 strong) is its first or its second:
 * `preferred[2 * context + pair]`.
 */
type Genus = {
  readonly name: string
  readonly label: number
  readonly gc: number
  readonly order: number
  readonly preferred: Uint8Array
}

/** Which synthetic reads are made. */
export type SyntheticOptions = {
  /** Which part of a data set: it decides between in- and out-of-distribution genera, and no two parts share a read. */
  readonly split: Split
  /** Number of reads: read i is of genus i modulo the number of genera. */
  readonly count: number
  /** Bases per read (default 250). */
  readonly length?: number
  /** Decides genera and reads: an integer up to 2^53. */
  readonly seed: number
  /** Number of genera in distribution, and as many out of it (default 6). */
  readonly genera?: number
}

/**
 * Synthetic reads of one split: a pure function of the options. Genera are named `synthetic_in_1`, … with labels from
 * 0 on, and `synthetic_ood_1`, … with the labels after these; reads `GENUS|SPLIT|NUMBER`.
 * @example
 * ```ts
 * import { syntheticReads } from 'xenograd/data'
 *
 * const [read] = syntheticReads({ split: 'in_tr', count: 1, length: 50, seed: 1 })
 * console.log(read.name, read.bases.length) // synthetic_in_1|in_tr|1 50
 * ```
 */
export function* syntheticReads({
  split,
  count,
  length = 250,
  seed,
  genera: perSide = 6,
}: SyntheticOptions): Generator<Read> {
  const key = purposeKey(seed, seedPurposes.run.synthetic)
  const side = split.startsWith('in') ? 'in' : 'ood'
  const genera = makeGenera(foldKey(key, 0), perSide)[side]
  const readsKey = foldKey(key, 1 + splits.indexOf(split))
  for (let i = 0; i < count; i++) {
    const genus = genera[i % genera.length]
    const name = `${genus.name}|${split}|${i + 1}`
    yield { name, bases: drawRead(genus, length, readsKey, i), label: genus.label, genus: genus.name }
  }
}

function drawRead({ order, gc, preferred }: Genus, length: number, key: Key, read: number): Uint8Array {
  const bases = new Uint8Array(length)
  const readGc = gc + gcSpread * (2 * uniformAt(key, read, length) - 1)
  const contexts = 4 ** order
  let context = bitsAt(key, read, length + 1) & (contexts - 1)
  for (let i = 0; i < length; i++) {
    const u = uniformAt(key, read, i)
    const strong = u < readGc ? 1 : 0
    // What is left of the draw, uniform again, decides within the pair.
    const rest = strong ? u / readGc : (u - readGc) / (1 - readGc)
    const first = preferred[2 * context + strong]
    bases[i] = pairs[strong][rest < preference ? first : 1 - first]
    context = (4 * context + bases[i]) & (contexts - 1)
  }
  return bases
}

function makeGenera(key: Key, perSide: number): Record<'in' | 'ood', Genus[]> {
  const ancestors = makeAncestors(foldKey(key, 0))
  const side = (name: 'in' | 'ood', offset: number): Genus[] =>
    Array.from({ length: perSide }, (_, i) => {
      const order = shortestOrder + (i % (longestOrder - shortestOrder + 1))
      const gc = gcRange[0] + ((gcRange[1] - gcRange[0]) * (i + 0.5)) / perSide
      const preferred = descend(ancestors[name], order, foldKey(key, 1 + offset + i))
      return { name: `synthetic_${name}_${i + 1}`, label: offset + i, gc, order, preferred }
    })
  return { in: side('in', 0), ood: side('ood', perSide) }
}

/**
 * The chains from which those of both sides descend. They have the shortest order and agree in half of their entries: in
 * half of those of each pattern of weak and strong bases, so that neither side is easier at some GC content than at
 * another.
 */
function makeAncestors(key: Key): Record<'in' | 'ood', Uint8Array> {
  const entries = 2 * 4 ** shortestOrder
  const inside = Uint8Array.from({ length: entries }, (_, entry) => bitsAt(key, 0, entry) & 1)
  const outside = inside.slice()
  const patterns = 2 ** (shortestOrder + 1)
  const half = entries / patterns / 2
  const flipped = new Map<string, number>() // how many entries of each pattern
  for (const entry of permutation(foldKey(key, 0), entries)) {
    const context = entry >> 1
    const pattern = [pairOf(context >> 2), pairOf(context & 3), entry & 1].join()
    const count = flipped.get(pattern) ?? 0
    if (count === half) continue
    flipped.set(pattern, count + 1)
    outside[entry] ^= 1
  }
  return { in: inside, ood: outside }
}

/** A genus' chain: its ancestor's with some entries changed, then those of longer contexts, made of it one by one. */
function descend(ancestor: Uint8Array, order: number, key: Key): Uint8Array {
  let chain = ancestor
  for (let length = shortestOrder; length <= order; length++) {
    const shorter = chain
    const entries = 2 * 4 ** length
    chain = Uint8Array.from({ length: entries }, (_, entry) => {
      const changed = uniformAt(key, length, entry) < divergence ? 1 : 0
      return shorter[entry % shorter.length] ^ changed
    })
  }
  return chain
}
