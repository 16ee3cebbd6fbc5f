import type { MatmulKernel } from '../../../kernel/kernel.js'
import { contiguousStrides, sizeOf } from '../../../kernel/shape.js'
import type { FunctionBuilder, ModuleBuilder } from '../assembly/assembler.js'
import { type Usize, usize } from '../assembly/instructions.js'
import type { Target } from '../assembly/target.js'
import { forEachIndex } from '../kernels/strided.js'
import { type Blocking, chooseBlocking } from './blocking.js'
import { chunks, forEachChunk } from './chunks.js'
import { leadingOut, type MatmulColumns } from './columns.js'
import type { Packing } from './packing.js'
import { definePanels, type OperandStrides } from './panels.js'
import { defineTile } from './tile.js'

/**
 * Matrix product by register tiles over packed panels: Goto & van de Geijn, "Anatomy of high-performance matrix
 * multiplication", ACM TOMS 34(3), 2008.
 *
 * The product is cut into blocks of columns and of k (a block of B fits the outer cache, a panel of it the inner one)
 * and of rows; blocking.ts says how large they are. A block of B is packed into panels as wide as a tile (panels.ts), so
 * that a tile reads it in order. All sizes are known when code is emitted: tiles at the right and lower edge get code of
 * their own instead of padding.
 */

/** Columns in memory of a packed panel of B: whole vectors. */
const packedColumns = (columns: number): number => 4 * Math.ceil(columns / 4)

/** Where a block's operands are, and what is done with it. */
type Block = {
  readonly a: Usize
  readonly b: Usize
  readonly out: Usize
  /** Not 0: the block is added to the output. */
  readonly accumulate: Usize
  /** K-steps before the block: so many rows into its panels it begins, where B was packed as a whole. */
  readonly stepsBefore: Usize
  /** Rows of the next block, for prefetching. */
  readonly nextA: Usize
  readonly nextB: Usize
}

/** Emits one product into a module. */
class BlockedMatmul {
  readonly #blocking: Blocking
  readonly #functions = new Map<string, number>()

  constructor(
    readonly target: Target,
    readonly module: ModuleBuilder,
    readonly kernel: MatmulKernel | MatmulColumns,
    /** How B was packed, for many products; undefined where each product reads it from where it is. */
    readonly packing?: Packing,
  ) {
    this.#blocking = chooseBlocking(target, kernel, packing)
  }

  /** The index of a function that is defined once for each `key`. */
  #once(key: string, define: () => number): number {
    const index = this.#functions.get(key) ?? define()
    this.#functions.set(key, index)
    return index
  }

  /** Pack `size` rows of A or columns of B over `kc` steps in panels of `panel`, `width` elements wide in memory. */
  #pack(
    f: FunctionBuilder,
    start: Usize,
    packed: Usize,
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

  #packA(f: FunctionBuilder, start: Usize, packed: Usize, mb: number, kc: number): void {
    const { a, tile } = this.#blocking
    this.#pack(f, start, packed, a.strides, [mb, tile.rows], lanes => lanes, kc)
  }

  #packB(f: FunctionBuilder, start: Usize, packed: Usize, nb: number, kc: number): void {
    const { b, panel } = this.#blocking
    this.#pack(f, start, packed, b.strides, [nb, panel], packedColumns, kc)
  }

  /** The tiles of a block: `[mb, kc] × [kc, nb]`. */
  #multiplyBlock(f: FunctionBuilder, block: Block, [mb, nb, kc]: readonly [number, number, number]): void {
    const { k } = this.kernel
    const { tile, panel, a, b } = this.#blocking
    const n = leadingOut(this.kernel)
    const panelB = f.local(block.b)
    const panelOut = f.local(block.out)
    const tilesOfPanel = Math.ceil(mb / tile.rows)
    const tilesOfBlock = tilesOfPanel * Math.ceil(nb / panel)
    // In a k-step, all tiles of the block together prefetch a row of the next one.
    const bytesOfStep = (row: number) => (tilesOfBlock <= 4 * row ? Math.ceil((4 * row) / tilesOfBlock) : 0)
    const nextRows = [
      { next: block.nextA, bytes: bytesOfStep(a.prefetched) },
      { next: block.nextB, bytes: bytesOfStep(b.prefetched) },
    ].flatMap(({ next, bytes }) => (bytes ? [{ next: f.local(next), bytes }] : []))
    forEachChunk(f, nb, panel, columns => {
      const width = packedColumns(columns)
      const tileA = f.local(block.a)
      const tileB = this.packing
        ? f.local(usize.add(panelB, usize.times(block.stepsBefore, 4 * width)))
        : panelB
      const tileOut = f.local(panelOut)
      const prefetch = this.packing?.beyond
        ? [{ next: f.local(usize.plus(tileB, 4 * width * k)), bytes: 4 * Math.ceil(width / tilesOfPanel) }]
        : nextRows
      const prefetched = prefetch.map(({ bytes }) => bytes)
      forEachChunk(f, mb, tile.rows, rows => {
        const index = this.#once(`tile ${rows} ${columns} ${prefetched}`, () =>
          defineTile(this.target, this.module, {
            rows,
            columns,
            n,
            a: a.packed ? { lane: 1, k: rows } : a.strides,
            b: b.packed ? { lane: 1, k: width } : b.strides,
            prefetched,
          }),
        )
        const next = prefetch.map(({ next }) => next)
        f.call(index, [tileA, tileB, tileOut, usize.const(kc), block.accumulate, ...next])
        for (const { next, bytes } of prefetch) f.advance(next, bytes * kc)
        f.advance(tileA, 4 * rows * (a.packed ? kc : a.strides.lane))
        f.advance(tileOut, 4 * rows * n)
      })
      f.advance(panelB, b.packed ? 4 * width * (this.packing ? k : kc) : 4 * columns)
      f.advance(panelOut, 4 * columns)
    })
  }

  /** One product of matrices. */
  #multiply(f: FunctionBuilder, a: Usize, b: Usize, out: Usize): void {
    const { m, n, k, accumulate } = this.kernel
    const { module, packing } = this
    const blocking = this.#blocking
    const { lane: laneA, k: stepA } = blocking.a.strides
    const { lane: laneB, k: stepB } = blocking.b.strides
    const packsBlocks = blocking.b.packed && !packing
    const bytesB = packsBlocks ? 4 * blocking.kc * packedColumns(Math.min(n, blocking.nc)) : 0
    const bytesA = blocking.a.packed ? 4 * blocking.kc * Math.min(m, blocking.mc) : 0
    module.needScratch(bytesB + bytesA)
    const packedA = usize.plus(module.scratch, bytesB)
    const columnB = f.local(b)
    const columnOut = f.local(out)
    forEachChunk(f, n, blocking.nc, nb => {
      const rowsA = f.local(a)
      const rowsB = f.local(columnB)
      const adds = f.local(usize.const(accumulate ? 1 : 0))
      const stepsBefore = f.local(usize.const(0))
      forEachChunk(f, k, blocking.kc, kc => {
        if (packsBlocks) this.#packB(f, rowsB, module.scratch, nb, kc)
        const blockA = f.local(rowsA)
        const blockOut = f.local(columnOut)
        forEachChunk(f, m, blocking.mc, mb => {
          if (bytesA) this.#packA(f, blockA, packedA, mb, kc)
          // Since shares are rounded up, a block may prefetch the rows of almost two. Where not so many follow, it
          // prefetches the first ones instead, so that it does not leave the operand.
          const hasNext = usize.lt_u(stepsBefore, usize.const(Math.max(0, k - 3 * blocking.kc)))
          const next = (rows: Usize, step: number, first: Usize) =>
            usize.select(hasNext, usize.plus(rows, 4 * kc * step), first)
          const block: Block = {
            a: bytesA ? packedA : blockA,
            b: packsBlocks ? module.scratch : rowsB,
            out: blockOut,
            accumulate: adds,
            stepsBefore,
            nextA: next(rowsA, stepA, a),
            nextB: next(rowsB, stepB, b),
          }
          this.#multiplyBlock(f, block, [mb, nb, kc])
          f.advance(blockA, 4 * mb * laneA)
          f.advance(blockOut, 4 * mb * leadingOut(this.kernel))
        })
        f.set(adds, usize.const(1))
        f.advance(stepsBefore, kc)
        f.advance(rowsA, 4 * kc * stepA)
        if (!packing) f.advance(rowsB, 4 * kc * stepB)
      })
      f.advance(columnB, packing ? 4 * k * packedColumns(nb) : 4 * nb * laneB)
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
