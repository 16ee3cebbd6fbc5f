import type { MatmulKernel } from '../../../kernel/kernel.js'
import { contiguousStrides, sizeOf } from '../../../kernel/shape.js'
import type { FunctionBuilder, ModuleBuilder } from '../assembly/assembler.js'
import { type I32, i32 } from '../assembly/instructions.js'
import type { Target } from '../assembly/target.js'
import { forEachIndex } from '../kernels/strided.js'
import { chunks, forEachChunk } from './chunks.js'
import { leadingOut, type MatmulColumns } from './columns.js'
import type { Packing } from './packing.js'
import { definePanels, type OperandStrides } from './panels.js'
import { chooseTile, defineTile, type Tile } from './tile.js'

/**
 * Matrix product by register tiles over packed panels: Goto & van de Geijn, "Anatomy of high-performance matrix
 * multiplication", ACM TOMS 34(3), 2008.
 *
 * The product is cut into blocks of columns and of k (a block of B fits the outer cache, a panel of it the inner one)
 * and of rows. A block of B is packed into panels as wide as a tile (panels.ts), so that a tile reads it in order. All
 * sizes are known when code is emitted: tiles at the right and lower edge get code of their own instead of padding.
 */

/** K-steps of a block, about. */
const blockK = 256
/**
 * In a long product with narrow rows, such as the gradient of weights, few tiles use an element of B, and packing it
 * would take a good part of the time. Where a block has few k-steps, the outer cache holds B without that
 * (bench/kernels.js).
 */
const shortK = 64
const leastLong = 1024
const widestNarrow = 512
/** Columns of the widest B that is read unpacked: of wider ones, the lines of a tile compete for few sets of the cache. */
const widestUnpacked = ({ wide }: Target): number => (wide ? widestNarrow : 256)
/** Columns and rows of a full block, before they are rounded up to whole tiles. */
const blockN = 512
const blockM = 192

/**
 * Bytes from which on a packed B does not stay in the caches from product to product. Its first use in each product would
 * wait for memory, so the tiles of a panel prefetch the next panel, some of it in each k-step. GFLOP/s of a loop
 * (bench/kernels.js) on an AMD EPYC (Zen 5) without and with that, [50,1028] × [1028,4096] and [50,2004] × [2004,8000]:
 * with vectors of 128 bits 50 54 and 50 55, of 256 bits 84 94 and 82 90.
 */
const leastPrefetched = 1 << 22

/**
 * A long product reads the rows of A and B, a row each k-step, once from memory: the tiles of a block prefetch the next
 * block likewise. Not where rows are a multiple of this many bytes apart, since the inner cache holds few of those. One
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

/** Columns in memory of a packed panel of B: whole vectors. */
const packedColumns = (columns: number): number => roundUp(columns, 4)

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

/** Where a block's operands are, and what is done with it. */
type Block = {
  readonly a: I32
  readonly b: I32
  readonly out: I32
  /** Not 0: the block is added to the output. */
  readonly accumulate: I32
  /** K-steps before the block, which the panels of a B that is packed as a whole have, too. */
  readonly stepsBefore: I32
  /** Rows of the next block, for prefetching. */
  readonly nextA: I32
  readonly nextB: I32
}

/** Emits one product into a module. */
class BlockedMatmul {
  readonly #packsB: boolean
  readonly #packsA: boolean
  readonly #prefetched: { readonly a: number; readonly b: number }
  readonly #tile: Tile
  /** Columns of a tile. */
  readonly #panel: number
  readonly #kc: number
  readonly #nc: number
  readonly #mc: number
  readonly #stridesA: OperandStrides
  readonly #stridesB: OperandStrides
  readonly #functions = new Map<string, number>()

  constructor(
    readonly target: Target,
    readonly module: ModuleBuilder,
    readonly kernel: MatmulKernel | MatmulColumns,
    /** How B was packed, for many products; undefined where each product reads it from where it is. */
    readonly packing?: Packing,
  ) {
    const { m, n, k, batch, a, b } = kernel
    const rank = batch.length
    this.#tile = chooseTile(target, m, n, packing?.panel)
    this.#panel = 4 * this.#tile.vectors
    this.#nc = roundUp(blockN, this.#panel)
    this.#mc = roundUp(blockM, this.#tile.rows)
    this.#stridesA = { lane: a.strides[rank], k: a.strides[rank + 1] }
    this.#stridesB = { lane: b.strides[rank + 1], k: b.strides[rank] }
    this.#kc = Math.ceil(k / Math.max(1, Math.round(k / (isLong(kernel) ? shortK : blockK))))
    // A tile reads A along k and B along n: what is contiguous so needs no packing.
    this.#packsA = this.#stridesA.k !== 1 || this.#stridesA.lane < 0
    const readsRows = isLong(kernel) && n <= widestUnpacked(target)
    this.#packsB = packing !== undefined || packsB(kernel, this.#tile, readsRows)
    this.#prefetched = {
      a: this.#packsB ? 0 : prefetchedRow(kernel, this.#stridesA, m),
      b: this.#packsB ? 0 : prefetchedRow(kernel, this.#stridesB, n),
    }
  }

  #once(key: string, define: () => number): number {
    const index = this.#functions.get(key) ?? define()
    this.#functions.set(key, index)
    return index
  }

  /** Pack `size` rows of A or columns of B in panels of `panel`, `width` elements wide in memory. */
  #pack(
    f: FunctionBuilder,
    start: I32,
    packed: I32,
    from: OperandStrides,
    [size, panel]: [number, number],
    width: (lanes: number) => number,
    kc: number,
  ): void {
    const source = f.local(start)
    const to = f.local(packed)
    for (const { size: lanes, count } of chunks(size, panel)) {
      const panels = { count, lanes, width: width(lanes), k: kc }
      const pack = this.#once(`pack ${JSON.stringify([from, panels])}`, () =>
        definePanels(this.module, from, panels),
      )
      f.call(pack, [source, to])
      f.advance(source, 4 * count * lanes * from.lane)
      f.advance(to, 4 * count * panels.width * kc)
    }
  }

  #packA(f: FunctionBuilder, start: I32, packed: I32, mb: number, kc: number): void {
    this.#pack(f, start, packed, this.#stridesA, [mb, this.#tile.rows], lanes => lanes, kc)
  }

  #packB(f: FunctionBuilder, start: I32, packed: I32, nb: number, kc: number): void {
    this.#pack(f, start, packed, this.#stridesB, [nb, this.#panel], packedColumns, kc)
  }

  /** The tiles of a block: `[mb, kc] × [kc, nb]`. */
  #multiplyBlock(
    f: FunctionBuilder,
    { a, b, out, accumulate, stepsBefore, nextA, nextB }: Block,
    [mb, nb, kc]: readonly [number, number, number],
  ): void {
    const { k } = this.kernel
    const n = leadingOut(this.kernel)
    const panelB = f.local(b)
    const column = f.local(out)
    const tiles = Math.ceil(mb / this.#tile.rows)
    const tilesOfBlock = tiles * Math.ceil(nb / this.#panel)
    const bytesOfStep = (row: number) => (tilesOfBlock <= 4 * row ? Math.ceil((4 * row) / tilesOfBlock) : 0)
    const nextRows = [
      { next: nextA, bytes: bytesOfStep(this.#prefetched.a) },
      { next: nextB, bytes: bytesOfStep(this.#prefetched.b) },
    ].flatMap(({ next, bytes }) => (bytes ? [{ next: f.local(next), bytes }] : []))
    forEachChunk(f, nb, this.#panel, columns => {
      const width = packedColumns(columns)
      const panelA = f.local(a)
      const from = this.packing ? f.local(i32.add(panelB, i32.times(stepsBefore, 4 * width))) : panelB
      const to = f.local(column)
      const prefetch = this.packing?.beyond
        ? [{ next: f.local(i32.plus(from, 4 * width * k)), bytes: 4 * Math.ceil(width / tiles) }]
        : nextRows
      const bytes = prefetch.map(({ bytes }) => bytes)
      forEachChunk(f, mb, this.#tile.rows, rows => {
        const stridesA = this.#packsA ? { lane: 1, k: rows } : this.#stridesA
        const stridesB = this.#packsB ? { lane: 1, k: width } : this.#stridesB
        const tile = this.#once(`tile ${rows} ${columns} ${bytes}`, () =>
          defineTile(this.target, this.module, {
            rows,
            columns,
            n,
            a: stridesA,
            b: stridesB,
            prefetched: bytes,
          }),
        )
        f.call(tile, [panelA, from, to, i32.const(kc), accumulate, ...prefetch.map(({ next }) => next)])
        for (const { next, bytes } of prefetch) f.advance(next, bytes * kc)
        f.advance(panelA, 4 * rows * (this.#packsA ? kc : this.#stridesA.lane))
        f.advance(to, 4 * rows * n)
      })
      f.advance(panelB, this.#packsB ? 4 * width * (this.packing ? k : kc) : 4 * columns)
      f.advance(column, 4 * columns)
    })
  }

  /** One product of matrices. */
  #multiply(f: FunctionBuilder, a: I32, b: I32, out: I32): void {
    const { m, n, k, accumulate } = this.kernel
    const { module, packing } = this
    const packsBlocks = this.#packsB && !packing
    const bytesB = packsBlocks ? 4 * this.#kc * packedColumns(Math.min(n, this.#nc)) : 0
    const bytesA = this.#packsA ? 4 * this.#kc * Math.min(m, this.#mc) : 0
    module.needScratch(bytesB + bytesA)
    const packedA = i32.plus(module.scratch, bytesB)
    const columnB = f.local(b)
    const columnOut = f.local(out)
    forEachChunk(f, n, this.#nc, nb => {
      const stepA = f.local(a)
      const stepB = f.local(columnB)
      const adds = f.local(i32.const(accumulate ? 1 : 0))
      const stepsBefore = f.local(i32.const(0))
      forEachChunk(f, k, this.#kc, kc => {
        if (packsBlocks) this.#packB(f, stepB, module.scratch, nb, kc)
        const rowA = f.local(stepA)
        const rowOut = f.local(columnOut)
        forEachChunk(f, m, this.#mc, mb => {
          if (bytesA) this.#packA(f, rowA, packedA, mb, kc)
          const blockA = bytesA ? packedA : rowA
          const blockB = packsBlocks ? module.scratch : stepB
          // By rounding up, what is prefetched is almost two blocks: near the end it is the first rows, which are there.
          const hasNext = i32.lt_u(stepsBefore, i32.const(Math.max(0, k - 3 * this.#kc)))
          const next = (step: I32, { k }: OperandStrides, first: I32) =>
            i32.select(hasNext, i32.plus(step, 4 * kc * k), first)
          const block: Block = {
            a: blockA,
            b: blockB,
            out: rowOut,
            accumulate: adds,
            stepsBefore,
            nextA: next(stepA, this.#stridesA, a),
            nextB: next(stepB, this.#stridesB, b),
          }
          this.#multiplyBlock(f, block, [mb, nb, kc])
          f.advance(rowA, 4 * mb * this.#stridesA.lane)
          f.advance(rowOut, 4 * mb * leadingOut(this.kernel))
        })
        f.set(adds, i32.const(1))
        f.advance(stepsBefore, kc)
        f.advance(stepA, 4 * kc * this.#stridesA.k)
        if (!packing) f.advance(stepB, 4 * kc * this.#stridesB.k)
      })
      f.advance(columnB, packing ? 4 * k * packedColumns(nb) : 4 * nb * this.#stridesB.lane)
      f.advance(columnOut, 4 * nb)
    })
  }

  /** Define `(a, b, out)`, the kernel; where B was packed, `(a, b, out, packed)`. */
  define(): number {
    const { batch, m, n, k, a, b, accumulate } = this.kernel
    const rank = batch.length
    return this.module.define(this.packing ? 4 : 3, f => {
      const [left, unpacked, out, packed] = f.params
      if (m * n * sizeOf(batch) === 0) return
      if (k === 0) {
        if (!accumulate) f.clear(out, 4 * m * n * sizeOf(batch))
        return
      }
      f.advance(left, 4 * a.offset)
      f.advance(unpacked, 4 * b.offset)
      const right = packed ?? unpacked
      const outStrides = contiguousStrides([...batch, m, n])
      const strides = [a.strides, b.strides, outStrides].map(s => s.slice(0, rank))
      forEachIndex(f, batch, [left, right, out], strides, () => this.#multiply(f, left, right, out))
    })
  }
}

/**
 * Define the function of a product; its parameters are the kernel's arguments, then, where B was packed as `packing`
 * says, the address of that.
 */
export const defineBlockedMatmul = (
  target: Target,
  module: ModuleBuilder,
  kernel: MatmulKernel | MatmulColumns,
  packing?: Packing,
): number => new BlockedMatmul(target, module, kernel, packing).define()

/** How to pack a B for many products: in panels as wide as a tile; undefined where each product reads it as it is. */
export function choosePanels(target: Target, kernel: MatmulKernel): Packing | undefined {
  const { m, n, k } = kernel
  const tile = chooseTile(target, m, n)
  if (!packsB(kernel, tile, false)) return undefined
  const panel = 4 * tile.vectors
  // The tiles of the last panel prefetch another one, and by rounding up less than two blocks of k for each row.
  const beyond = 4 * n * k < leastPrefetched ? 0 : 4 * (panel * k + 2 * blockK * blockM)
  return { panel, leading: panel, beyond }
}
