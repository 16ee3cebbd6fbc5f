import type { MatmulKernel } from '../../kernel.js'
import { contiguousStrides, sizeOf } from '../../shape.js'
import { type FunctionBuilder, type I32, i32, type ModuleBuilder } from './assembler.js'
import { definePackedSgemm, defineSgemm, isSkinny, usesSgemm } from './sgemm.js'
import { forEachIndex } from './strided.js'
import type { Target } from './target.js'
import { chooseTile, definePack, defineTile, type Layout, parts, type Tile } from './tile.js'

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

const roundUp = (size: number, to: number): number => Math.ceil(size / to) * to

/** Emit `body` for each part of `total`, with its size. */
function forEachPart(f: FunctionBuilder, total: number, size: number, body: (size: number) => void): void {
  for (const part of parts(total, size)) f.repeat(part.count, () => body(part.size))
}

/** Columns in memory of a packed panel of B: whole vectors. */
const packedColumns = (columns: number): number => roundUp(columns, 4)

class MatmulEmitter {
  readonly packsB: boolean
  readonly #packsA: boolean
  readonly #tile: Tile
  readonly #kc: number
  readonly #nc: number
  readonly #mc: number
  readonly #plainA: Layout
  readonly #plainB: Layout
  readonly #functions = new Map<string, number>()

  constructor(
    readonly target: Target,
    readonly module: ModuleBuilder,
    readonly kernel: MatmulKernel,
    /** Whether the right side is packed beforehand, for many products. */
    readonly prepacked = false,
  ) {
    const { m, n, k, batch, a, b } = kernel
    const rank = batch.length
    this.#tile = chooseTile(target, m, n)
    this.#nc = roundUp(blockN, 4 * this.#tile.vectors)
    this.#mc = roundUp(blockM, this.#tile.rows)
    this.#plainA = { lane: a.strides[rank], k: a.strides[rank + 1] }
    this.#plainB = { lane: b.strides[rank + 1], k: b.strides[rank] }
    // What decides on the order of sums is the same for all parts of a product, and for all widths of vectors.
    const isLong = this.#plainB.lane === 1 && k >= leastLong && n <= widestNarrow
    this.#kc = Math.ceil(k / Math.max(1, Math.round(k / (isLong ? shortK : blockK))))
    // A tile reads A along k and B along n; rows that lie so already need no packing, B if few tiles use it.
    this.#packsA = this.#plainA.k !== 1 || this.#plainA.lane < 0
    const staysPlain = isLong && n <= widestPlain(target) && !prepacked
    this.packsB = this.#plainB.lane !== 1 || (m > 2 * this.#tile.rows && !staysPlain)
  }

  #once(key: string, define: () => number): number {
    const index = this.#functions.get(key) ?? define()
    this.#functions.set(key, index)
    return index
  }

  /** Bytes of B packed as a whole. */
  get packedBytes(): number {
    return 4 * this.kernel.k * packedColumns(this.kernel.n)
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
    this.#pack(f, start, packed, this.#plainB, [nb, 4 * this.#tile.vectors], packedColumns, kc)
  }

  /** The tiles of a block: `[mb, kc] × [kc, nb]`, added to the output where `add` is not 0. */
  #multiplyBlock(
    f: FunctionBuilder,
    [a, b, out, add]: readonly [I32, I32, I32, I32],
    [mb, nb, kc]: readonly [number, number, number],
  ): void {
    const { n } = this.kernel
    const panelB = f.local(b)
    const column = f.local(out)
    forEachPart(f, nb, 4 * this.#tile.vectors, columns => {
      const panelA = f.local(a)
      const to = f.local(column)
      forEachPart(f, mb, this.#tile.rows, rows => {
        const layoutA = this.#packsA ? { lane: 1, k: rows } : this.#plainA
        const layoutB = this.packsB ? { lane: 1, k: packedColumns(columns) } : this.#plainB
        const tile = this.#once(`tile ${rows} ${columns}`, () =>
          defineTile(this.target, this.module, { rows, columns, n, a: layoutA, b: layoutB }),
        )
        f.call(tile, [panelA, panelB, to, i32.const(kc), add])
        f.advance(panelA, 4 * rows * (this.#packsA ? kc : this.#plainA.lane))
        f.advance(to, 4 * rows * n)
      })
      f.advance(panelB, 4 * columns * (this.packsB ? kc : 1))
      f.advance(column, 4 * columns)
    })
  }

  /** One product of matrices. */
  #multiply(f: FunctionBuilder, a: I32, b: I32, out: I32): void {
    const { m, n, k, accumulate } = this.kernel
    const { module, prepacked } = this
    const bytesB = this.packsB && !prepacked ? 4 * this.#kc * packedColumns(Math.min(n, this.#nc)) : 0
    const bytesA = this.#packsA ? 4 * this.#kc * Math.min(m, this.#mc) : 0
    module.needScratch(bytesB + bytesA)
    const packedA = i32.plus(module.scratch, bytesB)
    const packedB = f.local(prepacked ? b : module.scratch)
    const columnB = f.local(b)
    const columnOut = f.local(out)
    forEachPart(f, n, this.#nc, nb => {
      const stepA = f.local(a)
      const stepB = f.local(columnB)
      const add = f.local(i32.const(accumulate ? 1 : 0))
      forEachPart(f, k, this.#kc, kc => {
        if (bytesB) this.#packB(f, stepB, packedB, nb, kc)
        const rowA = f.local(stepA)
        const rowOut = f.local(columnOut)
        forEachPart(f, m, this.#mc, mb => {
          if (bytesA) this.#packA(f, rowA, packedA, mb, kc)
          const blockA = bytesA ? packedA : rowA
          const blockB = this.packsB ? packedB : stepB
          this.#multiplyBlock(f, [blockA, blockB, rowOut, add], [mb, nb, kc])
          f.advance(rowA, 4 * mb * this.#plainA.lane)
          f.advance(rowOut, 4 * mb * n)
        })
        f.set(add, i32.const(1))
        f.advance(stepA, 4 * kc * this.#plainA.k)
        f.advance(stepB, 4 * kc * this.#plainB.k)
        if (prepacked) f.advance(packedB, 4 * kc * packedColumns(nb))
      })
      f.advance(columnB, 4 * nb * this.#plainB.lane)
      f.advance(columnOut, 4 * nb)
    })
  }

  /** Define `(a, b, out)`, the kernel; where B is packed beforehand, b is what `definePack` wrote. */
  define(): number {
    const { prepacked } = this
    const { batch, m, n, k, a, b, accumulate } = this.kernel
    const rank = batch.length
    return this.module.define(3, f => {
      const [left, right, out] = f.params
      if (m * n * sizeOf(batch) === 0) return
      if (k === 0) {
        if (!accumulate) f.clear(out, 4 * m * n * sizeOf(batch))
        return
      }
      f.advance(left, 4 * a.offset)
      if (!prepacked) f.advance(right, 4 * b.offset)
      const outStrides = contiguousStrides([...batch, m, n])
      const strides = [a.strides, b.strides, outStrides].map(s => s.slice(0, rank))
      forEachIndex(f, batch, [left, right, out], strides, () => this.#multiply(f, left, right, out))
    })
  }

  /** Define `(b, packed)`: pack all of B, block after block in the order in which they are used. */
  definePack(): number {
    const { n, k, b } = this.kernel
    return this.module.define(2, f => {
      const [source, to] = f.params
      f.advance(source, 4 * b.offset)
      forEachPart(f, n, this.#nc, nb => {
        const step = f.local(source)
        forEachPart(f, k, this.#kc, kc => {
          this.#packB(f, step, to, nb, kc)
          f.advance(step, 4 * kc * this.#plainB.k)
          f.advance(to, 4 * kc * packedColumns(nb))
        })
        f.advance(source, 4 * nb * this.#plainB.lane)
      })
    })
  }
}

/** Define the function of a matrix product; its parameters are the kernel's arguments. */
export const defineMatmul = (target: Target, module: ModuleBuilder, kernel: MatmulKernel): number =>
  usesSgemm(target, kernel) ? defineSgemm(module, kernel) : new MatmulEmitter(target, module, kernel).define()

/** A product whose right side stays the same over many calls. */
export type PackedMatmul = {
  /** Bytes of the packed right side. */
  readonly bytes: number
  /** Function `(b, packed)` that packs it. */
  readonly pack: number
  /** Function `(a, packed, out)` that multiplies. */
  readonly multiply: number
}

/** Define a product in two functions; undefined where it would not pack its right side as a whole. */
export function definePackedMatmul(
  target: Target,
  module: ModuleBuilder,
  kernel: MatmulKernel,
): PackedMatmul | undefined {
  // Of skinny products any part is to be computed as the whole is, so the right side is taken where it lies.
  if (usesSgemm(target, kernel))
    return kernel.batch.length || isSkinny(kernel) ? undefined : definePackedSgemm(target, module, kernel)
  const emitter = new MatmulEmitter(target, module, kernel, true)
  if (!emitter.packsB || kernel.batch.length || emitter.packedBytes === 0) return undefined
  return { bytes: emitter.packedBytes, pack: emitter.definePack(), multiply: emitter.define() }
}
