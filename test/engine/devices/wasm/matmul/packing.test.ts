import fc from 'fast-check'
import test from 'tape'
import { alignment } from '../../../../../engine/devices/wasm/allocator.js'
import { ModuleBuilder } from '../../../../../engine/devices/wasm/assembly/assembler.js'
import {
  choosePacking,
  defineMatmul,
  definePackedMatmul,
} from '../../../../../engine/devices/wasm/matmul/matmul.js'
import { leadingOf, type Packing, packedBytes } from '../../../../../engine/devices/wasm/matmul/packing.js'
import { cutPacking } from '../../../../../engine/devices/wasm/parallel/packedOperands.js'
import type { MatmulKernel } from '../../../../../engine/kernel/kernel.js'
import { arbitraryView, linked, memoryOf, packingInto, product, testTarget, values } from '../support.js'

const target = testTarget()

/** Where a packed B has its element `[row, column]`, in elements. */
function packedIndex(packing: Packing, { n, k }: MatmulKernel, row: number, column: number): number {
  const { panel, leading } = packing
  const whole = n - (n % panel)
  const width = column < whole ? leading : leadingOf(packing, n % panel)
  return Math.floor(column / panel) * k * leading + row * width + (column % panel)
}

const packings = fc.constantFrom<Packing>(
  { panel: 8, leading: 8, beyond: 0 },
  { panel: 12, leading: 12, beyond: 0 },
  { panel: 64, leading: 64, beyond: 0 },
  { panel: 100, leading: 116, beyond: 0 },
)

test('packing: panels of columns with all rows, whatever the view, in one part and in several', async t => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 100 }))
  fc.assert(
    fc.property(
      sizes.chain(([k, n]) => fc.tuple(fc.constant([k, n] as const), arbitraryView([k, n]), packings)),
      fc.integer({ min: 1, max: 5 }),
      ([[k, n], { view, length }, packing], threads) => {
        const kernel = product(7, k, n, { b: view })
        const b = values('float32', length, 3) as Float32Array
        const { memory, floats, pointers, end } = memoryOf([b])
        const bytes = packedBytes(packing, kernel)
        floats.fill(Number.NaN, end / 4)
        for (const { kernel: part, offsets } of cutPacking(packing, kernel, threads))
          packingInto(memory, target, packing, part)(pointers[0] + offsets[0], end + offsets[1])
        for (let row = 0; row < k; row++)
          for (let column = 0; column < n; column++) {
            const got = floats[end / 4 + packedIndex(packing, kernel, row, column)]
            const want = b[view.offset + row * view.strides[0] + column * view.strides[1]]
            if (!Object.is(got, want)) throw new Error(`[${row},${column}] is ${got}, not ${want}`)
          }
        if (!Number.isNaN(floats[(end + bytes) / 4])) throw new Error('wrote beyond its end')
      },
    ),
  )
  t.end()
})

test('packing: a large B is prefetched, and not beyond what the packing says', t => {
  for (const [m, k, n] of [
    [13, 1028, 1030],
    [50, 1100, 1024],
    [195, 383, 2750],
  ]) {
    const kernel = product(m, k, n)
    const packing = choosePacking(target, kernel)
    if (!packing) throw new Error('nothing is packed')
    t.ok(packing.beyond > 0)
    const arrays = [m * k, k * n, m * n].map((length, i) => values('float32', length, i) as Float32Array)
    const { memory, floats, pointers } = memoryOf(arrays)
    const packed = memory.buffer.byteLength - packedBytes(packing, kernel)
    packingInto(memory, target, packing, kernel)(pointers[1], packed)
    const module = new ModuleBuilder()
    module.export('run', definePackedMatmul(target, module, kernel, packing))
    linked(module, memory)(...pointers, packed)
    const column = n - 1
    for (let row = 0; row < m; row++) {
      let want = 0
      for (let l = 0; l < k; l++) want += arrays[0][row * k + l] * arrays[1][l * n + column]
      const got = floats[pointers[2] / 4 + row * n + column]
      if (!(Math.abs(got - want) < 1e-2)) throw new Error(`[${row},${column}] is ${got}, not ${want}`)
    }
  }
  t.end()
})

test('packing: what a long product prefetches of unpacked rows ends with them', t => {
  const k = 1030
  for (const [m, n, gap] of [
    [13, 40, 0],
    [35, 192, 0],
    [190, 100, 60],
    [192, 20, 0],
    [5, 300, 0],
    [300, 5, 2],
  ])
    for (const last of ['left', 'right']) {
      const a = { offset: 0, strides: [1, m + gap] }
      const b = { offset: 0, strides: [n + gap, 1] }
      const kernel = product(m, k, n, { a, b })
      const rows = (width: number, i: number) =>
        values('float32', (k - 1) * (width + gap) + width, i) as Float32Array
      const operands = { left: rows(m, 1), right: rows(n, 2) }
      const { memory, floats, pointers } = memoryOf([operands.left, operands.right, new Float32Array(m * n)])
      const operand = operands[last as keyof typeof operands]
      // The device leaves as much free at the end of memory, for vectors that begin with an element.
      const start = memory.buffer.byteLength - operand.byteLength - alignment
      floats.set(operand, start / 4)
      pointers[last === 'left' ? 0 : 1] = start
      const module = new ModuleBuilder()
      module.export('run', defineMatmul(target, module, kernel))
      linked(module, memory)(...pointers)
      const [row, column] = [m - 1, n - 1]
      let want = 0
      for (let l = 0; l < k; l++)
        want += operands.left[l * (m + gap) + row] * operands.right[l * (n + gap) + column]
      const got = floats[pointers[2] / 4 + row * n + column]
      t.ok(Math.abs(got - want) < 1e-2, `[${m},${k}] × [${k},${n}], ${last} operand last, gaps of ${gap}`)
    }
  t.end()
})
