import type { MatmulKernel } from '../../../kernel/kernel.js'
import type { Target } from '../assembly/target.js'
import { leadingOut, type MatmulColumns } from './columns.js'
import type { Packing } from './packing.js'
import type { OperandStrides } from './panels.js'
import { chooseTile, type Tile } from './tile.js'

/** The sizes of a product's blocks (blocked.ts), and which operands are packed and prefetched. */
export type Blocking = {
  readonly tile: Tile
  /** Columns of a tile, and of a panel of B. */
  readonly panel: number
  /** K-steps, columns and rows of a full block. */
  readonly kc: number
  readonly nc: number
  readonly mc: number
  readonly a: OperandBlocking
  readonly b: OperandBlocking
}

type OperandBlocking = {
  readonly strides: OperandStrides
  /** Whether tiles read it packed. */
  readonly packed: boolean
  /** Elements from row to row, if tiles prefetch the next block's rows; else 0. */
  readonly prefetched: number
}

/** K-steps of a block, about; columns and rows, before they are rounded up to whole tiles. */
const blockK = 256
const blockN = 512
const blockM = 192

/**
 * In a long product with narrow rows, such as the gradient of weights, few tiles use an element of B, and packing it
 * would take a good part of the time. Where a block has few k-steps, the outer cache holds B without that
 * (bench/kernels.js).
 */
const shortK = 64
const leastLong = 1024
const widestNarrow = 512
/** Columns of the widest B that is read unpacked: the lines that a tile reads of wider ones compete for few sets of the cache. */
const widestUnpacked = ({ wide }: Target): number => (wide ? widestNarrow : 256)

/**
 * A packed B of so many bytes or more does not stay in the caches from product to product. Its first use in each product
 * would wait for memory, so the tiles of a panel prefetch the next panel, some of it in each k-step. GFLOP/s of a loop
 * (bench/kernels.js) on an AMD EPYC (Zen 5) without and with that, [50,1028] × [1028,4096] and [50,2004] × [2004,8000]:
 * with vectors of 128 bits 50 54 and 50 55, of 256 bits 84 94 and 82 90.
 */
const leastPrefetched = 1 << 22

/**
 * A long product reads each row of A and B from memory, one row each k-step, so the tiles of a block prefetch the rows of
 * the next block; but not rows that are a multiple of this many bytes apart, of which the inner cache holds few. One
 * thread, GFLOP/s (bench/kernels.js) without prefetching, with B's rows, and with those of both:
 *
 *                                  vectors of 128 bits   of 256 bits
 *     [68,24900]ᵀ × [24900,192]         47 53 52          82 93 106
 *     [68,24900]ᵀ × [24900,128]         47 53 53          80 92  98
 *     [68,24900]ᵀ × [24900,256]         53 50 52          99    106
 *
 * In the last one only A's rows are prefetched: with B's, two threads with vectors of 256 bits had 148 instead of 178.
 */
const conflictStride = 1 << 10

const roundUp = (size: number, to: number): number => Math.ceil(size / to) * to

/** Whether a product is long and narrow: the same for all parts of a product, since it decides on the order of sums. */
const isLong = (kernel: MatmulKernel | MatmulColumns): boolean =>
  kernel.b.strides.at(-1) === 1 && kernel.k >= leastLong && leadingOut(kernel) <= widestNarrow

/** Whether B is packed: not where its rows are contiguous, and few tiles read them or `readsRows` says so. */
const packsB = (kernel: MatmulKernel, { rows }: Tile, readsRows: boolean): boolean =>
  kernel.b.strides.at(-1) !== 1 || (kernel.m > 2 * rows && !readsRows)

/** Elements from row to row of an operand of `size` rows or columns, if the rows are prefetched; else 0. */
function prefetchedRow(kernel: MatmulKernel, { lane, k: row }: OperandStrides, size: number): number {
  const isDense = lane === 1 && row >= size && row <= 2 * size
  return isLong(kernel) && isDense && (4 * row) % conflictStride !== 0 ? row : 0
}

/** How to compute a product. `packing`: how B was packed, for many products; undefined if it was not. */
export function chooseBlocking(
  target: Target,
  kernel: MatmulKernel | MatmulColumns,
  packing?: Packing,
): Blocking {
  const { m, n, k, batch, a, b } = kernel
  const rank = batch.length
  const tile = chooseTile(target, m, n, packing?.panel)
  const panel = 4 * tile.vectors
  const stridesA = { lane: a.strides[rank], k: a.strides[rank + 1] }
  const stridesB = { lane: b.strides[rank + 1], k: b.strides[rank] }
  // A tile reads A along k and B along n: what is contiguous so needs no packing.
  const packedA = stridesA.k !== 1 || stridesA.lane < 0
  const readsRows = isLong(kernel) && n <= widestUnpacked(target)
  const packedB = packing !== undefined || packsB(kernel, tile, readsRows)
  const prefetched = (strides: OperandStrides, size: number) =>
    packedB ? 0 : prefetchedRow(kernel, strides, size)
  return {
    tile,
    panel,
    kc: Math.ceil(k / Math.max(1, Math.round(k / (isLong(kernel) ? shortK : blockK)))),
    nc: roundUp(blockN, panel),
    mc: roundUp(blockM, tile.rows),
    a: { strides: stridesA, packed: packedA, prefetched: prefetched(stridesA, m) },
    b: { strides: stridesB, packed: packedB, prefetched: prefetched(stridesB, n) },
  }
}

/** How to pack a B for many products: in panels as wide as a tile; undefined where each product reads it as it is. */
export function choosePanels(target: Target, kernel: MatmulKernel): Packing | undefined {
  const { m, n, k } = kernel
  const tile = chooseTile(target, m, n)
  if (!packsB(kernel, tile, false)) return undefined
  const panel = 4 * tile.vectors
  // The tiles of the last panel prefetch as much again. Their shares are rounded up: by less than an element for each
  // k-step (of a block fewer than 2 blockK) and each tile (of a block no more than blockM).
  const beyond = 4 * n * k < leastPrefetched ? 0 : 4 * (panel * k + 2 * blockK * blockM)
  return { panel, leading: panel, beyond }
}
