import type { MatmulKernel } from '../../../kernel/kernel.js'
import { sizeOf } from '../../../kernel/shape.js'
import {
  elementAt,
  extent,
  indices,
  type Pass,
  type Passes,
  readOf,
  repeat,
  Source,
  times,
  writeTo,
} from './pass.js'
import { partsOf } from './reduce.js'

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
function tileFor({ batch, m, n }: MatmulKernel, busy: number): Tile {
  const threads = ({ rows, columns }: Tile) => sizeOf(batch) * Math.ceil(m / rows) * Math.ceil(n / columns)
  const fits = ({ rows, columns }: Tile) => m >= rows && n >= columns
  return tiles.find(tile => fits(tile) && threads(tile) >= busy) ?? { rows: 1, columns: 1 }
}

/**
 * A thread for each tile of the product. Where there are few outputs and long sums, the sums are cut into parts, and
 * a second pass adds these in order. `busy`: how many threads keep the device busy.
 */
export function matmulPasses(
  kernel: MatmulKernel,
  slots: readonly number[],
  busy: number,
  tile: Tile = tileFor(kernel, busy),
): Passes {
  const { batch, m, n, k, accumulate } = kernel
  const outputs = sizeOf(batch) * m * n
  const parts = tile.rows * tile.columns === 1 ? partsOf(outputs, k, busy) : 1
  const [rows, columns] = [Math.ceil(m / tile.rows), Math.ceil(n / tile.columns)]
  const steps = Math.ceil(k / parts)
  const source = new Source()
  source.add('let intAt = this.thread.x;')
  // Parts are the slowest axis, columns the fastest: neighbours in a row of b are read together.
  const names = indices(source, [parts, ...batch, rows, columns], 'intAt', 'int_')
  const part = names[0]
  const batchNames = names.slice(1, -2)
  const [tileRow, tileColumn] = names.slice(-2)
  const origin = (base: string, view: MatmulKernel['a']) =>
    elementAt(base, batchNames, { offset: view.offset, strides: view.strides.slice(0, batch.length) })
  const rowsHere = [...Array(tile.rows).keys()]
  const columnsHere = [...Array(tile.columns).keys()]
  const cell = (i: number, j: number) => `sum${i}_${j}`
  const [aRow, aStep] = kernel.a.strides.slice(-2)
  const [bStep, bColumn] = kernel.b.strides.slice(-2)
  // Rows and columns past the end read the last one, and are not stored.
  const clamped = (name: string, tileIndex: string, size: number, at: number, limit: number) => {
    const index = at ? `${times(tileIndex, size)} + ${at}` : times(tileIndex, size)
    return `let ${name}${at} = ${limit % size ? `intMin(${index}, ${limit - 1})` : index};`
  }
  for (const i of rowsHere)
    source.add(
      clamped('intRow', tileRow, tile.rows, i, m),
      `let intA${i} = ${origin('base0', kernel.a)} + ${times(`intRow${i}`, aRow)};`,
    )
  for (const j of columnsHere)
    source.add(
      clamped('intColumn', tileColumn, tile.columns, j, n),
      `let intB${j} = ${origin('base1', kernel.b)} + ${times(`intColumn${j}`, bColumn)};`,
    )
  for (const i of rowsHere) for (const j of columnsHere) source.add(`let ${cell(i, j)} = 0;`)
  const term = parts > 1 ? `intTerm` : 'intStep'
  const products = [
    ...rowsHere.map(i => `let a${i} = in${slots[0]}[intA${i} + ${times(term, aStep)}];`),
    ...columnsHere.map(j => `let b${j} = in${slots[1]}[intB${j} + ${times(term, bStep)}];`),
    ...rowsHere.flatMap(i => columnsHere.map(j => `${cell(i, j)} = ${cell(i, j)} + a${i} * b${j};`)),
  ]
  const guarded = steps * parts === k ? products : [`if (intTerm < ${k}) {`, ...products, '}']
  source.add(
    ...repeat(
      'intStep',
      steps,
      parts > 1 ? [`let intTerm = ${part} * ${steps} + intStep;`, ...guarded] : products,
    ),
  )
  const element = (i: number, j: number) =>
    elementAt('to', [part, ...batchNames, `intRow${i}`, `intColumn${j}`], {
      offset: 0,
      strides: [outputs, ...batchStrides(batch, m * n), n, 1],
    })
  for (const i of rowsHere)
    for (const j of columnsHere) {
      const sum = accumulate && parts === 1 ? `out[intTo${i}_${j}] + ` : ''
      const inside = [
        ...(i && m % tile.rows ? [`${times(tileRow, tile.rows)} + ${i} < ${m}`] : []),
        ...(j && n % tile.columns ? [`${times(tileColumn, tile.columns)} + ${j} < ${n}`] : []),
      ]
      const lines = [
        `let intTo${i}_${j} = ${element(i, j)};`,
        `store(out, intTo${i}_${j}, ${sum}${cell(i, j)});`,
      ]
      source.add(...(inside.length ? [`if (${inside.join(' && ')}) {`, ...lines, '}'] : lines))
    }
  const before = accumulate ? { first: 0, length: outputs } : undefined
  const first: Pass = {
    source: `${source}`,
    threads: parts * sizeOf(batch) * rows * columns,
    reads: [kernel.a, kernel.b].map((view, arg) => ({
      place: { arg },
      name: arg,
      slot: slots[arg],
      ...extent([...batch, arg === 0 ? m : k, arg === 0 ? k : n], view),
    })),
    writes: [parts > 1 ? writeTo({ temp: 0 }) : writeTo({ arg: 2 }, before)],
    constants: [],
  }
  if (parts === 1) return { passes: [first], temps: [] }
  return { passes: [first, addParts(outputs, parts, accumulate)], temps: [parts * outputs * 4] }
}

const batchStrides = (batch: readonly number[], matrix: number): number[] =>
  batch.map((_, d) => matrix * sizeOf(batch.slice(d + 1)))

/** Adds the parts in temporary 0, one after the other. */
function addParts(outputs: number, parts: number, accumulate: boolean): Pass {
  const source = new Source()
  source.add(
    'let intAt = this.thread.x;',
    'let total = 0;',
    ...repeat('intStep', parts, [`total = total + in0[base0 + intAt + intStep * ${outputs}];`]),
    `store(out, to + intAt, ${accumulate ? 'out[to + intAt] + ' : ''}total);`,
  )
  return {
    source: `${source}`,
    threads: outputs,
    reads: [readOf({ temp: 0 }, 0, outputs * parts)],
    writes: [writeTo({ arg: 2 }, accumulate ? { first: 0, length: outputs } : undefined)],
    constants: [],
  }
}
