import type { GatherKernel, ScatterAddKernel } from '../../../kernel/kernel.js'
import type { FunctionBuilder, ModuleBuilder } from '../assembly/assembler.js'
import { f32x4, i32x4, type Usize, usize } from '../assembly/instructions.js'
import { along, loadLanes, storeLanes } from './strided.js'

/** Emit `body` for each vector of a row of `width` elements: it begins `index + offset` bytes into the row. */
function forEachVector(
  f: FunctionBuilder,
  width: number,
  body: (index: Usize, offset: number, lanes: number) => void,
): void {
  f.range(width >> 2, 16, index => body(index, 0, 4))
  if (width % 4) body(usize.const(0), 4 * (width & ~3), width % 4)
}

/** Define the function of a gather; its parameters are the kernel's arguments. */
export function defineGather(module: ModuleBuilder, { rows, width, count }: GatherKernel): number {
  return module.define(3, f => {
    const [table, index, out] = f.params
    // Without width there is nothing to do. A negative index is a large one without a sign, so lt_u refuses it as well.
    f.repeat(width && count, () => {
      const row = f.local(usize.load(index))
      const source = f.local(usize.add(table, usize.times(row, 4 * width)))
      const copy = () =>
        forEachVector(f, width, (column, offset, lanes) => {
          const vector = loadLanes(f, along(source, column, 1), offset, 1, lanes)
          storeLanes(f, along(out, column, 1), offset, 1, lanes, vector)
        })
      const clear = () => f.clear(out, 4 * width)
      f.when(usize.lt_u(row, usize.const(rows)), copy, clear)
      f.advance(index, 4)
      f.advance(out, 4 * width)
    })
  })
}

/** Define the function of a scatterAdd; its parameters are the kernel's arguments. */
export function defineScatterAdd(module: ModuleBuilder, kernel: ScatterAddKernel): number {
  const { dtype, rows, width, count, accumulate } = kernel
  const vector = dtype === 'int32' ? i32x4 : f32x4
  return module.define(3, f => {
    const [index, source, out] = f.params
    if (!accumulate) f.clear(out, 4 * rows * width)
    f.repeat(width && count, () => {
      const row = f.local(usize.load(index))
      f.when(usize.lt_u(row, usize.const(rows)), () => {
        const to = f.local(usize.add(out, usize.times(row, 4 * width)))
        forEachVector(f, width, (column, offset, lanes) => {
          const sum = loadLanes(f, along(to, column, 1), offset, 1, lanes)
          const addend = loadLanes(f, along(source, column, 1), offset, 1, lanes)
          storeLanes(f, along(to, column, 1), offset, 1, lanes, vector.add(sum, addend))
        })
      })
      f.advance(index, 4)
      f.advance(source, 4 * width)
    })
  })
}
