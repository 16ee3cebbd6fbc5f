import type { MatmulKernel } from '../../../kernel/kernel.js'
import { operands } from '../../../kernel/operands.js'
import { contiguousStrides, sizeOf, type View } from '../../../kernel/shape.js'
import { onlyWrite, type Pass, type Passes, readOf, readTemporary, writeOf } from './pass.js'
import { partialSums } from './reduce.js'
import { elementAt, indices, repeat, Source, times } from './source.js'

/** Rows and columns of the product that one thread computes in its registers. */
export type Tile = { readonly rows: number; readonly columns: number }

export const tiles: readonly Tile[] = [
  { rows: 8, columns: 8 },
  { rows: 4, columns: 4 },
  { rows: 2, columns: 4 },
  { rows: 1, columns: 4 },
]

/**
 * gpu.js has no memory that threads share, so tiling ends at the registers: 8 by 8 takes 16 loads for 64 products
 * instead of 128. Products too small to keep the device busy that way get smaller tiles.
 */
function tileFor({ batch, m, n }: MatmulKernel, saturation: number): Tile {
  const threads = ({ rows, columns }: Tile) => sizeOf(batch) * Math.ceil(m / rows) * Math.ceil(n / columns)
  const fits = ({ rows, columns }: Tile) => m >= rows && n >= columns
  return tiles.find(tile => fits(tile) && threads(tile) >= saturation) ?? { rows: 1, columns: 1 }
}

/**
 * A thread for each tile of the product. Where there are few outputs and long sums, the sums are cut into partial sums,
 * and a second pass adds these in order. `saturation`: how many threads keep the device busy.
 */
export function matmulPasses(
  kernel: MatmulKernel,
  slots: readonly number[],
  saturation: number,
  tile: Tile = tileFor(kernel, saturation),
): Passes {
  const { batch, m, n, k, accumulate } = kernel
  const outputs = sizeOf(batch) * m * n
  const partials = tile.rows * tile.columns === 1 ? partialSums(outputs, k, saturation) : 1
  const source = new Source()
  source.add('let intAt = this.thread.x;')
  // Partial sums are the slowest axis, columns the fastest: neighbours in a row of b are read together.
  const grid = [partials, ...batch, Math.ceil(m / tile.rows), Math.ceil(n / tile.columns)]
  const names = indices(source, grid, 'intAt', 'int_')
  const [row, column] = names.slice(-2)
  const position = { partial: names[0], batch: names.slice(1, -2), row, column }
  addOperandOffsets(source, kernel, tile, position)
  addProducts(source, kernel, slots, tile, partials, position)
  addStores(source, kernel, tile, partials, position)

  const args = operands(kernel)
  const result = writeOf(args, 2)
  const first: Pass = {
    source: `${source}`,
    threads: sizeOf(grid),
    reads: [0, 1].map(arg => readOf(args, arg, slots[arg])),
    writes: [partials > 1 ? onlyWrite({ temporary: 0 }) : result],
    constants: [],
  }
  if (partials === 1) return { passes: [first], temporaries: [] }
  const second = { ...addPartials(outputs, partials, accumulate), writes: [result] }
  return { passes: [first, second], temporaries: [partials * outputs * 4] }
}

/** The names of a thread's indices into the grid of tiles. */
type Position = {
  readonly partial: string
  readonly batch: readonly string[]
  readonly row: string
  readonly column: string
}

const upTo = (count: number): number[] => [...Array(count).keys()]

/** The variable of an element of the tile. */
const cell = (i: number, j: number): string => `sum${i}_${j}`

/** Where the tile's rows of a and its columns of b begin. */
function addOperandOffsets(
  source: Source,
  { batch, m, n, a, b }: MatmulKernel,
  tile: Tile,
  position: Position,
): void {
  const origin = (base: string, { offset, strides }: View) =>
    elementAt(base, position.batch, { offset, strides: strides.slice(0, batch.length) })
  // Rows and columns past the end read the last one, and are not stored.
  const clamped = (name: string, tileIndex: string, size: number, i: number, limit: number) => {
    const index = i ? `${times(tileIndex, size)} + ${i}` : times(tileIndex, size)
    return `let ${name}${i} = ${limit % size ? `intMin(${index}, ${limit - 1})` : index};`
  }
  const rowStride = a.strides[batch.length]
  const columnStride = b.strides[batch.length + 1]
  for (const i of upTo(tile.rows))
    source.add(
      clamped('intRow', position.row, tile.rows, i, m),
      `let intA${i} = ${origin('base0', a)} + ${times(`intRow${i}`, rowStride)};`,
    )
  for (const j of upTo(tile.columns))
    source.add(
      clamped('intColumn', position.column, tile.columns, j, n),
      `let intB${j} = ${origin('base1', b)} + ${times(`intColumn${j}`, columnStride)};`,
    )
}

/** The sums of products of the tile's elements, over all of k or a partial sum's share of it. */
function addProducts(
  source: Source,
  { batch, k, a, b }: MatmulKernel,
  slots: readonly number[],
  tile: Tile,
  partials: number,
  { partial }: Position,
): void {
  const [rows, columns] = [upTo(tile.rows), upTo(tile.columns)]
  for (const i of rows) for (const j of columns) source.add(`let ${cell(i, j)} = 0;`)
  const steps = Math.ceil(k / partials)
  const term = partials > 1 ? 'intTerm' : 'intStep'
  const [aStep, bStep] = [a.strides[batch.length + 1], b.strides[batch.length]]
  const products = [
    ...rows.map(i => `let a${i} = in${slots[0]}[intA${i} + ${times(term, aStep)}];`),
    ...columns.map(j => `let b${j} = in${slots[1]}[intB${j} + ${times(term, bStep)}];`),
    ...rows.flatMap(i => columns.map(j => `${cell(i, j)} = ${cell(i, j)} + a${i} * b${j};`)),
  ]
  const guarded = steps * partials === k ? products : [`if (intTerm < ${k}) {`, ...products, '}']
  const body = partials > 1 ? [`let intTerm = ${partial} * ${steps} + intStep;`, ...guarded] : products
  source.add(...repeat('intStep', steps, body))
}

/** Stores those of the tile's elements that are not past the end. */
function addStores(
  source: Source,
  { batch, m, n, accumulate }: MatmulKernel,
  tile: Tile,
  partials: number,
  position: Position,
): void {
  const view = { offset: 0, strides: contiguousStrides([partials, ...batch, m, n]) }
  for (const i of upTo(tile.rows))
    for (const j of upTo(tile.columns)) {
      const names = [position.partial, ...position.batch, `intRow${i}`, `intColumn${j}`]
      const initial = accumulate && partials === 1 ? `out[intTo${i}_${j}] + ` : ''
      const inside = [
        ...(i && m % tile.rows ? [`${times(position.row, tile.rows)} + ${i} < ${m}`] : []),
        ...(j && n % tile.columns ? [`${times(position.column, tile.columns)} + ${j} < ${n}`] : []),
      ]
      const lines = [
        `let intTo${i}_${j} = ${elementAt('to', names, view)};`,
        `store(out, intTo${i}_${j}, ${initial}${cell(i, j)});`,
      ]
      source.add(...(inside.length ? [`if (${inside.join(' && ')}) {`, ...lines, '}'] : lines))
    }
}

/** A pass, but for its write, that adds up the partial sums in temporary 0, one after the other. */
function addPartials(outputs: number, partials: number, accumulate: boolean): Omit<Pass, 'writes'> {
  const source = new Source()
  source.add(
    'let intAt = this.thread.x;',
    'let total = 0;',
    ...repeat('intStep', partials, [`total = total + in0[base0 + intAt + intStep * ${outputs}];`]),
    `store(out, to + intAt, ${accumulate ? 'out[to + intAt] + ' : ''}total);`,
  )
  return { source: `${source}`, threads: outputs, reads: [readTemporary(outputs * partials)], constants: [] }
}
