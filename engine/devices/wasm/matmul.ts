import type { MatmulKernel } from '../../kernel.js'
import { contiguousStrides, sizeOf } from '../../shape.js'
import { type FunctionBuilder, f32x4, type I32, i32, type ModuleBuilder } from './assembler.js'
import { forEachIndex, loadLanes, storeLanes } from './strided.js'
import type { Target } from './target.js'

/**
 * Matrix product by register tiles over packed panels: Goto & van de Geijn, "Anatomy of high-performance matrix
 * multiplication", ACM TOMS 34(3), 2008.
 *
 * The product is cut into blocks of columns (they fit the outer cache), of k (a panel of B fits the inner cache) and
 * of rows. In a block, B lies in panels as wide as a tile, so that a tile reads it in order. All sizes are known when
 * code is emitted: tiles at the right and lower edge get code of their own instead of padding.
 */

/** Most k-steps of a block. */
const blockK = 256
/** Least columns and rows of a full block; rounded up to whole tiles. */
const blockN = 512
const blockM = 192

/** A register tile: `rows` by `vectors` accumulators of four floats. */
type Tile = { readonly rows: number; readonly vectors: number }

/** Tiles whose accumulators, splats of A and vectors of B fit the 15 registers that V8 has to give. */
const tiles: readonly Tile[] = [
  { rows: 3, vectors: 3 },
  { rows: 4, vectors: 2 },
  { rows: 2, vectors: 4 },
  { rows: 6, vectors: 1 },
  { rows: 1, vectors: 6 },
]

/** Cycles of a k-step: two multiply-adds a cycle, but four cycles until a sum can be added to again. */
const stepCycles = ({ rows, vectors }: Tile): number =>
  Math.max(4, (rows * vectors) / 2, (rows + vectors) / 2)

/** Sizes of the parts when `total` is cut into parts of `size`: each with how often it occurs. */
function parts(total: number, size: number): { size: number; count: number }[] {
  return [
    { size, count: Math.floor(total / size) },
    { size: total % size, count: 1 },
  ].filter(part => part.count > 0 && part.size > 0)
}

function chooseTile(m: number, n: number): Tile {
  const cycles = (tile: Tile): number => {
    let sum = 0
    for (const rows of parts(m, tile.rows))
      for (const columns of parts(n, 4 * tile.vectors))
        sum +=
          rows.count * columns.count * stepCycles({ rows: rows.size, vectors: Math.ceil(columns.size / 4) })
    return sum
  }
  return tiles.reduce((best, tile) => (cycles(tile) < cycles(best) ? tile : best))
}

/** Emit `body` for each part of `total`, with its size. */
function forEachPart(f: FunctionBuilder, total: number, size: number, body: (size: number) => void): void {
  for (const part of parts(total, size)) f.repeat(part.count, () => body(part.size))
}

/** Bytes from one row, k-step or column to the next, in memory that a tile or a packing function reads. */
type Layout = { readonly lane: number; readonly k: number }

const roundUp = (size: number, to: number): number => Math.ceil(size / to) * to

class MatmulEmitter {
  readonly tile: Tile
  readonly kc: number
  readonly nc: number
  readonly mc: number
  readonly packsA: boolean
  readonly packsB: boolean
  readonly #functions = new Map<string, number>()

  constructor(
    readonly target: Target,
    readonly module: ModuleBuilder,
    readonly kernel: MatmulKernel,
  ) {
    const { m, n, k, batch, a, b } = kernel
    this.tile = chooseTile(m, n)
    const blocks = Math.max(1, Math.round(k / blockK))
    this.kc = Math.ceil(k / blocks)
    this.nc = roundUp(blockN, 4 * this.tile.vectors)
    this.mc = roundUp(blockM, this.tile.rows)
    const rank = batch.length
    // A tile reads A along k and B along n; rows that lie so already need no packing, B if few tiles use it.
    this.packsA = a.strides[rank + 1] !== 1 || a.strides[rank] < 0
    this.packsB = b.strides[rank + 1] !== 1 || m > 2 * this.tile.rows
  }

  #once(key: string, define: () => number): number {
    const known = this.#functions.get(key)
    if (known !== undefined) return known
    const index = define()
    this.#functions.set(key, index)
    return index
  }

  /** `(from, to, k)`: write k rows of `lanes` elements one after the other, each as `width` elements. */
  #pack(from: Layout, lanes: number, width: number): number {
    return this.#once(`pack ${from.lane} ${from.k} ${lanes} ${width}`, () =>
      this.module.define(3, f => {
        const [source, to, k] = f.params
        f.repeat(k, () => {
          for (let lane = 0; lane < width; lane += 4) {
            const vector = loadLanes(f, source, 4 * lane * from.lane, from.lane, Math.min(4, lanes - lane))
            storeLanes(f, to, 4 * lane, 1, Math.min(4, width - lane), vector)
          }
          f.advance(source, 4 * from.k)
          f.advance(to, 4 * width)
        })
      }),
    )
  }

  /** `(a, b, out, k, accumulate)`: one tile of the output over k steps. */
  #multiply(rows: number, columns: number, a: Layout, b: Layout): number {
    const { target, kernel } = this
    const vectors = Math.ceil(columns / 4)
    return this.#once(`tile ${rows} ${columns}`, () =>
      this.module.define(5, f => {
        const [left, right, out, k, accumulate] = f.params
        const grid = <T>(at: (row: number, vector: number) => T): T[][] =>
          Array.from({ length: rows }, (_, row) => Array.from({ length: vectors }, (_, v) => at(row, v)))
        const sums = grid(() => f.local(f32x4.const(0)))
        f.repeat(k, () => {
          // One k-step per basic block: V8 would hoist the loads of more, and spill.
          const y = Array.from({ length: vectors }, (_, v) => f.local(loadLanes(f, right, 16 * v, 1, 4)))
          for (let row = 0; row < rows; row++) {
            const x = f.local(loadLanes(f, left, 4 * row * a.lane, 0, 4))
            for (let v = 0; v < vectors; v++) f.set(sums[row][v], target.madd(x, y[v], sums[row][v]))
          }
          f.advance(left, 4 * a.k)
          f.advance(right, 4 * b.k)
        })
        const lanes = (v: number) => Math.min(4, columns - 4 * v)
        const offset = (row: number, v: number) => 4 * (row * kernel.n + 4 * v)
        f.when(accumulate, () => {
          grid((row, v) => {
            f.set(sums[row][v], f32x4.add(loadLanes(f, out, offset(row, v), 1, lanes(v)), sums[row][v]))
          })
        })
        grid((row, v) => {
          storeLanes(f, out, offset(row, v), 1, lanes(v), sums[row][v])
        })
      }),
    )
  }

  define(): number {
    const { kernel, module, tile } = this
    const { batch, m, n, k, a, b } = kernel
    const rank = batch.length
    const bytesB = this.packsB ? 4 * this.kc * roundUp(Math.min(n, this.nc), 4) : 0
    const bytesA = this.packsA ? 4 * this.kc * Math.min(m, this.mc) : 0
    module.needScratch(bytesB + bytesA)
    const packedB = module.scratch
    const packedA = i32.plus(module.scratch, bytesB)
    const plainA: Layout = { lane: a.strides[rank], k: a.strides[rank + 1] }
    const plainB: Layout = { lane: b.strides[rank + 1], k: b.strides[rank] }

    return module.define(3, f => {
      const [left, right, out] = f.params
      if (m * n * sizeOf(batch) === 0) return
      if (k === 0) {
        if (!kernel.accumulate) f.clear(out, 4 * m * n * sizeOf(batch))
        return
      }

      /** Pack `size` rows or columns of a block into panels of `panel`. */
      const pack = (
        start: I32,
        to: I32,
        from: Layout,
        size: number,
        panel: number,
        align: number,
        kc: number,
      ) => {
        const source = f.local(start)
        const target = f.local(to)
        forEachPart(f, size, panel, lanes => {
          const width = roundUp(lanes, align)
          f.call(this.#pack(from, lanes, width), [source, target, i32.const(kc)])
          f.advance(source, 4 * lanes * from.lane)
          f.advance(target, 4 * width * kc)
        })
      }

      const multiplyBlock = (
        blockA: I32,
        blockB: I32,
        start: I32,
        mb: number,
        nb: number,
        kc: number,
        add: I32,
      ) => {
        const panelB = f.local(blockB)
        const column = f.local(start)
        forEachPart(f, nb, 4 * tile.vectors, columns => {
          const panelA = f.local(blockA)
          const to = f.local(column)
          forEachPart(f, mb, tile.rows, rows => {
            const layoutA = this.packsA ? { lane: 1, k: rows } : plainA
            const width = roundUp(columns, 4)
            const layoutB = this.packsB ? { lane: 1, k: width } : plainB
            f.call(this.#multiply(rows, columns, layoutA, layoutB), [panelA, panelB, to, i32.const(kc), add])
            f.advance(panelA, 4 * rows * (this.packsA ? kc : plainA.lane))
            f.advance(to, 4 * rows * n)
          })
          f.advance(panelB, 4 * columns * (this.packsB ? kc : 1))
          f.advance(column, 4 * columns)
        })
      }

      const multiplyOne = (startA: I32, startB: I32, startOut: I32) => {
        const columnB = f.local(startB)
        const columnOut = f.local(startOut)
        forEachPart(f, n, this.nc, nb => {
          const stepA = f.local(startA)
          const stepB = f.local(columnB)
          const add = f.local(i32.const(kernel.accumulate ? 1 : 0))
          forEachPart(f, k, this.kc, kc => {
            if (this.packsB) pack(stepB, packedB, plainB, nb, 4 * tile.vectors, 4, kc)
            const rowA = f.local(stepA)
            const rowOut = f.local(columnOut)
            forEachPart(f, m, this.mc, mb => {
              if (this.packsA) pack(rowA, packedA, plainA, mb, tile.rows, 1, kc)
              const blockA = this.packsA ? packedA : rowA
              multiplyBlock(blockA, this.packsB ? packedB : stepB, rowOut, mb, nb, kc, add)
              f.advance(rowA, 4 * mb * plainA.lane)
              f.advance(rowOut, 4 * mb * n)
            })
            f.set(add, i32.const(1))
            f.advance(stepA, 4 * kc * plainA.k)
            f.advance(stepB, 4 * kc * plainB.k)
          })
          f.advance(columnB, 4 * nb * plainB.lane)
          f.advance(columnOut, 4 * nb)
        })
      }

      const pointers = [f.local(i32.plus(left, 4 * a.offset)), f.local(i32.plus(right, 4 * b.offset)), out]
      const outStrides = contiguousStrides([...batch, m, n]).slice(0, rank)
      const strides = [a.strides.slice(0, rank), b.strides.slice(0, rank), outStrides]
      forEachIndex(f, batch, pointers, strides, () => multiplyOne(pointers[0], pointers[1], pointers[2]))
    })
  }
}

/** Define the function of a matrix product; its parameters are the kernel's arguments. */
export const defineMatmul = (target: Target, module: ModuleBuilder, kernel: MatmulKernel): number =>
  new MatmulEmitter(target, module, kernel).define()
