import type { MatmulKernel } from '../../../kernel/kernel.js'
import { contiguousStrides, sizeOf } from '../../../kernel/shape.js'
import { type FunctionBuilder, type I32, i32, type ModuleBuilder } from '../assembly/assembler.js'
import type { Target } from '../assembly/target.js'
import { forEachIndex } from '../kernels/strided.js'
import { leadingOut, type MatmulColumns } from '../parallel/partition.js'
import { definePackedSgemm, sgemmPacking } from './packedSgemm.js'
import type { Packing } from './packing.js'
import { defineSgemm, usesSgemm } from './sgemm.js'
import { chooseTile, definePack, defineTile, forEachPart, type Layout, parts, type Tile } from './tile.js'

/**
 * Matrix product by register tiles over packed panels: Goto & van de Geijn, "Anatomy of high-performance matrix
 * multiplication", ACM TOMS 34(3), 2008.
 *
 * The product is cut into blocks of columns and of k (a block of B fits the outer cache, a panel of it the inner one)
 * and of rows. In a block, B lies in panels as wide as a tile, so that a tile reads it in order. All sizes are known
 * when code is emitted: tiles at the right and lower edge get code of their own instead of padding.
 */

/** About as many k-steps has a block. */
const blockK = 256
/**
 * In a long product with narrow rows, such as the gradient of weights, few tiles use an element of B: packing it takes a
 * good part of the time. The outer cache holds B as it lies where a block has few k-steps (bench/kernels.js).
 */
const shortK = 64
const leastLong = 1024
const widestNarrow = 512
/** The widest rows that are read as they lie: further apart, the lines of a tile share too few places of the inner cache. */
const widestPlain = ({ wide }: Target): number => (wide ? widestNarrow : 256)
/** Columns and rows of a full block, before they are rounded up to whole tiles. */
const blockN = 512
const blockM = 192

/**
 * A packed right side of so many bytes does not stay in the caches from product to product. Its first use in each waits
 * for memory, so the tiles of a panel read the next one ahead, evenly, which is slow enough not to wait for it. GFLOP/s
 * of a loop (bench/kernels.js) on an AMD EPYC (Zen 5) without and with that, [50,1028] × [1028,4096] and [50,2004] ×
 * [2004,8000]: with vectors of 128 bits 50 54 and 50 55, of 256 bits 84 94 and 82 90.
 */
const leastAhead = 1 << 22

/**
 * A long product reads the rows of its sides, which lie one k-step after the other, once from memory: the tiles of a block
 * read the next block ahead likewise, unless rows are a multiple of so many bytes apart: of those the inner cache holds
 * few. One thread, GFLOP/s (bench/kernels.js) without, with the right side's, and with both sides':
 *
 *                                  vectors of 128 bits   of 256 bits
 *     [68,24900]ᵀ × [24900,192]         47 53 52          82 93 106
 *     [68,24900]ᵀ × [24900,128]         47 53 53          80 92  98
 *     [68,24900]ᵀ × [24900,256]         53 50 52          99    106
 *
 * Of the last one, only the left side's rows are read ahead: with the right side's, two threads with vectors of 256 bits
 * had 148 instead of 178.
 */
const leastAlike = 1 << 10

const roundUp = (size: number, to: number): number => Math.ceil(size / to) * to

/** Columns in memory of a packed panel of B: whole vectors. */
const packedColumns = (columns: number): number => roundUp(columns, 4)

/**
 * What decides on the order of sums is the same for all parts of a product, for all widths of vectors, and however its
 * right side lies.
 */
const isLong = (kernel: MatmulKernel | MatmulColumns): boolean =>
  kernel.b.strides.at(-1) === 1 && kernel.k >= leastLong && leadingOut(kernel) <= widestNarrow

/** Whether B is packed: not where tiles may read it in rows as it lies, and few do. */
const packsRight = (kernel: MatmulKernel, { rows }: Tile, staysPlain: boolean): boolean =>
  kernel.b.strides.at(-1) !== 1 || (kernel.m > 2 * rows && !staysPlain)

/** Elements from row to row of a side of `size` rows or columns, if they are read ahead; else 0. */
function rowsAhead(kernel: MatmulKernel, { lane, k: row }: Layout, size: number): number {
  const isDense = lane === 1 && row >= size && row <= 2 * size
  return isLong(kernel) && isDense && (4 * row) % leastAlike !== 0 ? row : 0
}

class MatmulEmitter {
  readonly #packsB: boolean
  readonly #packsA: boolean
  readonly #rowsAhead: { readonly a: number; readonly b: number }
  readonly #tile: Tile
  /** Columns of a tile. */
  readonly #panel: number
  readonly #kc: number
  readonly #nc: number
  readonly #mc: number
  readonly #plainA: Layout
  readonly #plainB: Layout
  readonly #functions = new Map<string, number>()

  constructor(
    readonly target: Target,
    readonly module: ModuleBuilder,
    readonly kernel: MatmulKernel | MatmulColumns,
    /** How the right side was packed, for many products; undefined where each product takes it as it lies. */
    readonly packing?: Packing,
  ) {
    const { m, n, k, batch, a, b } = kernel
    const rank = batch.length
    this.#tile = chooseTile(target, m, n, packing?.panel)
    this.#panel = 4 * this.#tile.vectors
    this.#nc = roundUp(blockN, this.#panel)
    this.#mc = roundUp(blockM, this.#tile.rows)
    this.#plainA = { lane: a.strides[rank], k: a.strides[rank + 1] }
    this.#plainB = { lane: b.strides[rank + 1], k: b.strides[rank] }
    this.#kc = Math.ceil(k / Math.max(1, Math.round(k / (isLong(kernel) ? shortK : blockK))))
    // A tile reads A along k and B along n; rows that lie so already need no packing, B if few tiles use it.
    this.#packsA = this.#plainA.k !== 1 || this.#plainA.lane < 0
    const staysPlain = isLong(kernel) && n <= widestPlain(target)
    this.#packsB = packing !== undefined || packsRight(kernel, this.#tile, staysPlain)
    this.#rowsAhead = {
      a: this.#packsB ? 0 : rowsAhead(kernel, this.#plainA, m),
      b: this.#packsB ? 0 : rowsAhead(kernel, this.#plainB, n),
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
    from: Layout,
    [size, panel]: [number, number],
    width: (lanes: number) => number,
    kc: number,
  ): void {
    const source = f.local(start)
    const to = f.local(packed)
    for (const { size: lanes, count } of parts(size, panel)) {
      const panels = { count, lanes, width: width(lanes), k: kc }
      const pack = this.#once(`pack ${JSON.stringify([from, panels])}`, () =>
        definePack(this.module, from, panels),
      )
      f.call(pack, [source, to])
      f.advance(source, 4 * count * lanes * from.lane)
      f.advance(to, 4 * count * panels.width * kc)
    }
  }

  #packA(f: FunctionBuilder, start: I32, packed: I32, mb: number, kc: number): void {
    this.#pack(f, start, packed, this.#plainA, [mb, this.#tile.rows], lanes => lanes, kc)
  }

  #packB(f: FunctionBuilder, start: I32, packed: I32, nb: number, kc: number): void {
    this.#pack(f, start, packed, this.#plainB, [nb, this.#panel], packedColumns, kc)
  }

  /**
   * The tiles of a block: `[mb, kc] × [kc, nb]`, added to the output where `add` is not 0. `done`: k-steps before the
   * block, which a right side that is packed as a whole has in its panels. `later`: rows to read ahead.
   */
  #multiplyBlock(
    f: FunctionBuilder,
    [a, b, out, add, done, laterA, laterB]: readonly [I32, I32, I32, I32, I32, I32, I32],
    [mb, nb, kc]: readonly [number, number, number],
  ): void {
    const { k } = this.kernel
    const n = leadingOut(this.kernel)
    const panelB = f.local(b)
    const column = f.local(out)
    const tiles = Math.ceil(mb / this.#tile.rows)
    const tilesOfBlock = tiles * Math.ceil(nb / this.#panel)
    const bytesOfStep = (row: number) => (tilesOfBlock <= 4 * row ? Math.ceil((4 * row) / tilesOfBlock) : 0)
    const rowsAhead = [
      { later: laterA, bytes: bytesOfStep(this.#rowsAhead.a) },
      { later: laterB, bytes: bytesOfStep(this.#rowsAhead.b) },
    ].flatMap(({ later, bytes }) => (bytes ? [{ next: f.local(later), bytes }] : []))
    forEachPart(f, nb, this.#panel, columns => {
      const width = packedColumns(columns)
      const panelA = f.local(a)
      const from = this.packing ? f.local(i32.add(panelB, i32.times(done, 4 * width))) : panelB
      const to = f.local(column)
      const ahead = this.packing?.beyond
        ? [{ next: f.local(i32.plus(from, 4 * width * k)), bytes: 4 * Math.ceil(width / tiles) }]
        : rowsAhead
      const bytes = ahead.map(({ bytes }) => bytes)
      forEachPart(f, mb, this.#tile.rows, rows => {
        const layoutA = this.#packsA ? { lane: 1, k: rows } : this.#plainA
        const layoutB = this.#packsB ? { lane: 1, k: width } : this.#plainB
        const tile = this.#once(`tile ${rows} ${columns} ${bytes}`, () =>
          defineTile(this.target, this.module, { rows, columns, n, a: layoutA, b: layoutB, ahead: bytes }),
        )
        f.call(tile, [panelA, from, to, i32.const(kc), add, ...ahead.map(({ next }) => next)])
        for (const { next, bytes } of ahead) f.advance(next, bytes * kc)
        f.advance(panelA, 4 * rows * (this.#packsA ? kc : this.#plainA.lane))
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
    forEachPart(f, n, this.#nc, nb => {
      const stepA = f.local(a)
      const stepB = f.local(columnB)
      const add = f.local(i32.const(accumulate ? 1 : 0))
      const done = f.local(i32.const(0))
      forEachPart(f, k, this.#kc, kc => {
        if (packsBlocks) this.#packB(f, stepB, module.scratch, nb, kc)
        const rowA = f.local(stepA)
        const rowOut = f.local(columnOut)
        forEachPart(f, m, this.#mc, mb => {
          if (bytesA) this.#packA(f, rowA, packedA, mb, kc)
          const blockA = bytesA ? packedA : rowA
          const blockB = packsBlocks ? module.scratch : stepB
          // By rounding up they are almost two blocks. Towards the end, the first ones again: they are inside, too.
          const hasLater = i32.lt_u(done, i32.const(Math.max(0, k - 3 * this.#kc)))
          const later = (step: I32, { k }: Layout, first: I32) =>
            i32.select(hasLater, i32.plus(step, 4 * kc * k), first)
          const laterA = later(stepA, this.#plainA, a)
          const laterB = later(stepB, this.#plainB, b)
          this.#multiplyBlock(f, [blockA, blockB, rowOut, add, done, laterA, laterB], [mb, nb, kc])
          f.advance(rowA, 4 * mb * this.#plainA.lane)
          f.advance(rowOut, 4 * mb * leadingOut(this.kernel))
        })
        f.set(add, i32.const(1))
        f.advance(done, kc)
        f.advance(stepA, 4 * kc * this.#plainA.k)
        if (!packing) f.advance(stepB, 4 * kc * this.#plainB.k)
      })
      f.advance(columnB, packing ? 4 * k * packedColumns(nb) : 4 * nb * this.#plainB.lane)
      f.advance(columnOut, 4 * nb)
    })
  }

  /** Define `(a, b, out)`, the kernel; where the right side was packed, `(a, b, out, packed)`. */
  define(): number {
    const { batch, m, n, k, a, b, accumulate } = this.kernel
    const rank = batch.length
    return this.module.define(this.packing ? 4 : 3, f => {
      const [left, plain, out, packed] = f.params
      if (m * n * sizeOf(batch) === 0) return
      if (k === 0) {
        if (!accumulate) f.clear(out, 4 * m * n * sizeOf(batch))
        return
      }
      f.advance(left, 4 * a.offset)
      f.advance(plain, 4 * b.offset)
      const right = packed ?? plain
      const outStrides = contiguousStrides([...batch, m, n])
      const strides = [a.strides, b.strides, outStrides].map(s => s.slice(0, rank))
      forEachIndex(f, batch, [left, right, out], strides, () => this.#multiply(f, left, right, out))
    })
  }
}

/** Define the function of a matrix product; its parameters are the kernel's arguments. */
export const defineMatmul = (target: Target, module: ModuleBuilder, kernel: MatmulKernel): number =>
  usesSgemm(target, kernel)
    ? defineSgemm(target, module, kernel)
    : new MatmulEmitter(target, module, kernel).define()

/** Define the function of a product whose right side was packed (packing.ts); its address is the last parameter. */
export const definePackedMatmul = (
  target: Target,
  module: ModuleBuilder,
  kernel: MatmulKernel,
  packing: Packing,
): number =>
  usesSgemm(target, kernel)
    ? definePackedSgemm(target, module, kernel, packing)
    : new MatmulEmitter(target, module, kernel, packing).define()

/** How to pack a right side that stays the same over many products; undefined where they take it as it lies. */
export function choosePacking(target: Target, kernel: MatmulKernel): Packing | undefined {
  const { m, n, k, batch } = kernel
  if (batch.length || n * k === 0) return undefined
  if (usesSgemm(target, kernel)) return sgemmPacking(target, kernel)
  const tile = chooseTile(target, m, n)
  if (!packsRight(kernel, tile, false)) return undefined
  const panel = 4 * tile.vectors
  // What the tiles of the last panel read: another one, and by rounding up less than two blocks of k for each row.
  const beyond = 4 * n * k < leastAhead ? 0 : 4 * (panel * k + 2 * blockK * blockM)
  return { panel, leading: panel, beyond }
}
