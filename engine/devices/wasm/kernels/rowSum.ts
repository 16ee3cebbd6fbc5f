import type { ReduceKernel } from '../../../kernel/kernel.js'
import type { Axes } from '../../shared/axes.js'
import { linesFor } from '../../shared/lines.js'
import type { FunctionBuilder, ModuleBuilder } from '../assembly/assembler.js'
import { f32x4, type Local, usize, v128 } from '../assembly/instructions.js'
import type { Target } from '../assembly/target.js'
import { BodyEmitter } from './body.js'
import { addCompensated, blockIterations } from './compensation.js'
import { along, forEachIndex, forEachVectors, loadLanes, storeLanes } from './strided.js'

/** Rows that are added up at a time: enough loads under way to wait for memory but once. */
const rowsAtOnce = 8

/** A long sum, its axes, where its operands are (which is changed), and where its result goes. */
export type RowSum = {
  readonly kernel: ReduceKernel
  readonly kept: Axes
  readonly reduced: Axes
  readonly pointers: readonly Local<'usize'>[]
  readonly out: Local<'usize'>
}

/**
 * Emit a long float sum whose lanes run across the last kept axis (columns), for more columns than there are registers:
 * some rows are added up over all columns before the next ones, so that memory is read from one end to the other, where
 * columns after columns would read it in pieces, again and again. Every column is summed in the same order either way.
 * Meanwhile sums are in scratch memory: those of a block, and the compensated total of blocks with what it has lost.
 */
export function emitRowSum(target: Target, module: ModuleBuilder, f: FunctionBuilder, sum: RowSum): void {
  const { kernel, kept, reduced, pointers, out } = sum
  const lines = linesFor(kernel.body, [kernel.value])
  const width = kept.shape.at(-1) ?? 1
  const columnStrides = kept.strides.map(s => s.at(-1) ?? 1)
  const rowStrides = reduced.strides.map(s => s.at(-1) ?? 0)
  const rowCount = reduced.shape.at(-1) ?? 1
  const bytes = 16 * Math.ceil(width / 4)
  module.needScratch(3 * bytes)
  const [sums, totals, lost] = [0, 1, 2].map(i => f.local(usize.plus(module.scratch, i * bytes)))

  /** Emit the addition of the `count` rows that begin at `rows`, which then are at the next ones. */
  const addRows = (rows: readonly Local<'usize'>[], count: number) => {
    forEachVectors(f, target, width, (index, start, lanes) => {
      const bases = rows.map((row, i) => f.local(along(row, index, columnStrides[i])))
      const sumsHere = f.local(along(sums, index, 1))
      const offset = (vector: number) => 4 * (start + 4 * vector)
      const into = lanes.map((_, vector) => f.local(v128.load(sumsHere, offset(vector))))
      for (let row = 0; row < count; row++) {
        const emitters = lanes.map((laneCount, vector) => {
          const emitter = new BodyEmitter(target, f, kernel.body)
          emitter.emit(lines, i => {
            const bytesFromBase = 4 * row * rowStrides[i] + offset(vector) * columnStrides[i]
            return loadLanes(f, bases[i], bytesFromBase, columnStrides[i], laneCount)
          })
          return emitter
        })
        emitters.forEach((emitter, vector) => {
          f.set(into[vector], f32x4.add(into[vector], emitter.value(kernel.value)))
        })
      }
      into.forEach((vectorSum, vector) => {
        f.do(v128.store(sumsHere, offset(vector), vectorSum))
      })
    })
    rows.forEach((row, i) => {
      f.advance(row, 4 * count * rowStrides[i])
    })
  }

  /** Emit the addition of a block of rows to the totals. Sums are 0 before and after it. */
  const addBlock = (rows: readonly Local<'usize'>[], count: number) => {
    f.repeat(Math.floor(count / rowsAtOnce), () => addRows(rows, rowsAtOnce))
    if (count % rowsAtOnce) addRows(rows, count % rowsAtOnce)
    f.range(bytes / 16, 16, index => {
      const [sumHere, totalHere, lostHere] = [sums, totals, lost].map(p => f.local(usize.add(p, index)))
      const [total, rest] = [totalHere, lostHere].map(p => f.local(v128.load(p)))
      addCompensated(f, total, rest, v128.load(sumHere))
      f.do(v128.store(totalHere, 0, total))
      f.do(v128.store(lostHere, 0, rest))
      f.do(v128.store(sumHere, 0, f32x4.const(0)))
    })
  }

  const [keptOuter, reducedOuter] = [withoutLast(kept), withoutLast(reduced)]
  forEachIndex(f, keptOuter.shape, pointers, keptOuter.strides, () => {
    f.clear(sums, 3 * bytes)
    const starts = pointers.map(pointer => f.local(pointer))
    forEachIndex(f, reducedOuter.shape, starts, reducedOuter.strides, () => {
      const rows = starts.map(start => f.local(start))
      f.repeat(Math.floor(rowCount / blockIterations), () => addBlock(rows, blockIterations))
      if (rowCount % blockIterations) addBlock(rows, rowCount % blockIterations)
    })
    forEachVectors(f, target, width, (index, start, lanes) => {
      lanes.forEach((laneCount, vector) => {
        const offset = 4 * (start + 4 * vector)
        const total = v128.load(along(totals, index, 1), offset)
        storeLanes(f, along(out, index, 1), offset, 1, laneCount, total)
      })
    })
    f.advance(out, 4 * width)
  })
}

const withoutLast = ({ shape, strides }: Axes): Axes => ({
  shape: shape.slice(0, -1),
  strides: strides.map(s => s.slice(0, -1)),
})
