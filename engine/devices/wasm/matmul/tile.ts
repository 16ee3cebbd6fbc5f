import type { ModuleBuilder } from '../assembly/assembler.js'
import { f32x4, usize } from '../assembly/instructions.js'
import type { Target } from '../assembly/target.js'
import { loadLanes, storeLanes } from '../kernels/strided.js'
import { chunks } from './chunks.js'
import type { OperandStrides } from './panels.js'

/** A register tile of a matrix product: `rows` by `vectors` accumulators of four floats. */
export type Tile = { readonly rows: number; readonly vectors: number }

/** Vector registers that V8 gives to code: one of the 16 of x64 it keeps for itself. */
const registers = 15

const tiles: readonly Tile[] = [
  { rows: 3, vectors: 3 },
  { rows: 4, vectors: 2 },
  { rows: 2, vectors: 4 },
  { rows: 6, vectors: 1 },
  { rows: 1, vectors: 6 },
]

/** Tiles of vectors that V8 makes one of two: a register holds two, and an operand from memory is no register. */
const wideTiles: readonly Tile[] = [
  { rows: 6, vectors: 4 },
  { rows: 5, vectors: 4 },
  { rows: 4, vectors: 4 },
  { rows: 6, vectors: 2 },
  { rows: 6, vectors: 1 },
  { rows: 1, vectors: 6 },
]

/** Cycles of a k-step: two multiply-adds a cycle, four cycles until a sum can be added to again, and the loop itself. */
const stepCycles = ({ wide }: Target, { rows, vectors }: Tile): number =>
  Math.max(4, (rows * (wide ? Math.ceil(vectors / 2) : vectors)) / 2) + 0.5

/** Whether accumulators, splats of A, vectors of B and, without fused multiply-add, a product fit the registers. */
const fits = ({ relaxed }: Target, { rows, vectors }: Tile): boolean =>
  rows * vectors + rows + vectors + (relaxed ? 0 : 1) <= registers

const tilesFor = (target: Target): readonly Tile[] =>
  target.wide ? wideTiles : tiles.filter(tile => fits(target, tile))

/** The tile (of those with `columns` columns, if given) that covers `m` by `n` in the fewest cycles, edges included. */
export function chooseTile(target: Target, m: number, n: number, columns?: number): Tile {
  const cycles = (tile: Tile): number => {
    let sum = 0
    for (const rows of chunks(m, tile.rows))
      for (const panel of chunks(n, 4 * tile.vectors)) {
        const vectors = Math.ceil(panel.size / 4)
        sum += rows.count * panel.count * stepCycles(target, { rows: rows.size, vectors })
      }
    return sum
  }
  const candidates = tilesFor(target).filter(
    ({ vectors }) => columns === undefined || 4 * vectors === columns,
  )
  return candidates.reduce((best, tile) => (cycles(tile) < cycles(best) ? tile : best))
}

/** What the code of a tile depends on. A tile reads `columns` of B in whole vectors, and writes just them. */
export type TileShape = {
  readonly rows: number
  readonly columns: number
  /** Elements from row to row of the output. */
  readonly n: number
  readonly a: OperandStrides
  readonly b: OperandStrides
  /**
   * Bytes that each k-step prefetches, of each of some addresses: it loads a word and drops it, since WebAssembly has no
   * instruction for that.
   */
  readonly prefetched: readonly number[]
}

/**
 * Define `(a, b, out, k, accumulate, ...next)`: compute a tile over k steps, and store it in the output or, if
 * `accumulate` is not 0, add it there. `next`: the addresses from which it prefetches.
 */
export function defineTile(
  target: Target,
  module: ModuleBuilder,
  { rows, columns, n, a, b, prefetched }: TileShape,
): number {
  const vectors = Math.ceil(columns / 4)
  const grid = <T>(cell: (row: number, vector: number) => T): T[][] =>
    Array.from({ length: rows }, (_, row) => Array.from({ length: vectors }, (_, v) => cell(row, v)))
  const lanes = (v: number) => Math.min(4, columns - 4 * v)
  const offset = (row: number, v: number) => 4 * (row * n + 4 * v)
  return module.define(5 + prefetched.length, f => {
    const [left, right, out, k, accumulate, ...next] = f.params
    const sums = grid(() => f.local(f32x4.const(0)))
    // One k-step per basic block: V8 would hoist the loads of more, and spill.
    f.repeat(k, () => {
      const y = Array.from({ length: vectors }, (_, v) => f.local(loadLanes(f, right, 16 * v, 1, 4)))
      for (let row = 0; row < rows; row++) {
        const x = f.local(loadLanes(f, left, 4 * row * a.lane, 0, 4))
        for (let v = 0; v < vectors; v++) f.set(sums[row][v], target.madd(x, y[v], sums[row][v]))
      }
      for (const [i, bytes] of prefetched.entries()) {
        f.local(usize.load(next[i]))
        f.advance(next[i], bytes)
      }
      f.advance(left, 4 * a.k)
      f.advance(right, 4 * b.k)
    })
    f.when(usize.isNotZero(accumulate), () => {
      grid((row, v) => {
        f.set(sums[row][v], f32x4.add(loadLanes(f, out, offset(row, v), 1, lanes(v)), sums[row][v]))
      })
    })
    grid((row, v) => {
      storeLanes(f, out, offset(row, v), 1, lanes(v), sums[row][v])
    })
  })
}
