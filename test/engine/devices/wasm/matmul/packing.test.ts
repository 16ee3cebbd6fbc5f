import fc from 'fast-check'
import test from 'tape'
import { alignment } from '../../../../../engine/devices/wasm/allocator.js'
import { ModuleBuilder } from '../../../../../engine/devices/wasm/assembly/assembler.js'
import { hostTarget } from '../../../../../engine/devices/wasm/assembly/target.js'
import { wasmDevice } from '../../../../../engine/devices/wasm/index.js'
import { Blas } from '../../../../../engine/devices/wasm/matmul/blas.js'
import {
  choosePacking,
  defineMatmul,
  definePackedMatmul,
} from '../../../../../engine/devices/wasm/matmul/matmul.js'
import { definePackedSgemm, sgemmPacking } from '../../../../../engine/devices/wasm/matmul/packedSgemm.js'
import {
  cutPacking,
  leadingOf,
  type Packing,
  packedBytes,
} from '../../../../../engine/devices/wasm/matmul/packing.js'
import { sgemmImport } from '../../../../../engine/devices/wasm/matmul/sgemm.js'
import {
  closeDevice,
  compile,
  gradients,
  registerDevice,
  scan,
  stack,
  type Tensor,
  zeros,
} from '../../../../../engine/index.js'
import type { TypedArray } from '../../../../../engine/kernel/dtype.js'
import type { MatmulKernel } from '../../../../../engine/kernel/kernel.js'
import {
  arbitraryView,
  difference,
  draw,
  exactLibraries,
  linked,
  memoryOf,
  ownSgemm,
  packingInto,
  product,
  testBlas,
  values,
} from '../support.js'

const target = hostTarget()

/** Element `[row, column]` of a right side of which all columns but those of the last panel are in panels alike. */
function placeOf(packing: Packing, { n, k }: MatmulKernel, row: number, column: number): number {
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
            const got = floats[end / 4 + placeOf(packing, kernel, row, column)]
            const want = b[view.offset + row * view.strides[0] + column * view.strides[1]]
            if (!Object.is(got, want)) throw new Error(`[${row},${column}] is ${got}, not ${want}`)
          }
        if (!Number.isNaN(floats[(end + bytes) / 4])) throw new Error('wrote beyond its end')
      },
    ),
  )
  t.end()
})

test('packing: a large right side is read ahead, and not beyond what is said', t => {
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

test('packing: what a long product reads ahead of rows as they lie ends with them', t => {
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
      const sides = { left: rows(m, 1), right: rows(n, 2) }
      const { memory, floats, pointers } = memoryOf([sides.left, sides.right, new Float32Array(m * n)])
      const side = sides[last as keyof typeof sides]
      // The device leaves as much free at the end of memory, for vectors that begin with an element.
      const start = memory.buffer.byteLength - side.byteLength - alignment
      floats.set(side, start / 4)
      pointers[last === 'left' ? 0 : 1] = start
      const module = new ModuleBuilder()
      module.export('run', defineMatmul(target, module, kernel))
      linked(module, memory)(...pointers)
      const [row, column] = [m - 1, n - 1]
      let want = 0
      for (let l = 0; l < k; l++)
        want += sides.left[l * (m + gap) + row] * sides.right[l * (n + gap) + column]
      const got = floats[pointers[2] / 4 + row * n + column]
      t.ok(Math.abs(got - want) < 1e-2, `[${m},${k}] × [${k},${n}], ${last} side last, gaps of ${gap}`)
    }
  t.end()
})

test('packing: products by BLAS on a packed right side are right, in calls as small as the library wants', t => {
  const sizes = fc.tuple(
    fc.integer({ min: 1, max: 60 }),
    fc.integer({ min: 1, max: 90 }),
    fc.integer({ min: 1, max: 210 }),
  )
  fc.assert(
    fc.property(
      sizes,
      fc.constantFrom(0, 1 << 13, 1 << 15, 1_000_000),
      fc.boolean(),
      fc.boolean(),
      ([m, k, n], unpacked, transposed, accumulate) => {
        const a = transposed ? { offset: 2, strides: [1, m] } : { offset: 2, strides: [k + 3, 1] }
        const kernel = product(m, k, n, { a, accumulate })
        const blas = { ...target, sgemm: { unpacked } }
        const packing = sgemmPacking(blas, kernel)
        if (!packing) throw new Error('nothing is packed')
        const lengths = [2 + m * (k + 3), k * n, m * n]
        const arrays = lengths.map((length, i) => values('float32', length, i) as Float32Array)
        const { memory, floats, pointers, end } = memoryOf(arrays)
        packingInto(memory, blas, packing, kernel)(pointers[1], end)
        const { sgemm, largest } = ownSgemm(() => floats)
        const module = new ModuleBuilder([sgemmImport])
        module.export('run', definePackedSgemm(blas, module, kernel, packing))
        linked(module, memory, sgemm)(...pointers, end)
        for (let i = 0; i < m; i++)
          for (let j = 0; j < n; j++) {
            let want = accumulate ? arrays[2][i * n + j] : 0
            for (let l = 0; l < k; l++)
              want += arrays[0][a.offset + i * a.strides[0] + l * a.strides[1]] * arrays[1][l * n + j]
            const got = floats[pointers[2] / 4 + i * n + j]
            if (!(Math.abs(got - want) < 1e-4)) throw new Error(`[${i},${j}] is ${got}, not ${want}`)
          }
        if (unpacked && largest.madds > unpacked) throw new Error(`a call of ${largest.madds} multiply-adds`)
        if (!unpacked && largest.calls > 1) throw new Error(`${largest.calls} calls instead of one`)
      },
    ),
    { numRuns: 60 },
  )
  t.end()
})

type Step = (h: Tensor, x: Tensor) => { carry: Tensor; out: Tensor }
const recurrence =
  (weight: (h: Tensor) => Tensor): Step =>
  (h, x) => {
    const next = weight(h).mul(0.1).add(x).tanh()
    return { carry: next, out: next }
  }

/** Loops whose products have a right side that no turn, some turns, or every turn changes. */
const loops: Record<string, (w: Tensor, xs: Tensor) => Tensor> = {
  'a weight': (w, xs) =>
    scan(
      recurrence(h => h.matmul(w)),
      zeros(xs.shape.slice(1)),
      xs,
    ).out,
  'a transposed weight': (w, xs) =>
    scan(
      recurrence(h => h.matmul(w.transpose())),
      zeros(xs.shape.slice(1)),
      xs,
    ).out,
  'two weights': (w, xs) =>
    scan(
      recurrence(h => h.matmul(w).mul(0.1).tanh().matmul(w.mul(2))),
      zeros(xs.shape.slice(1)),
      xs,
    ).out,
  'a weight that every turn changes': (w, xs) => {
    const step = ({ h, v }: { h: Tensor; v: Tensor }, x: Tensor) => {
      const next = h.matmul(v).mul(0.1).add(x).tanh()
      return { carry: { h: next, v: v.mul(0.9) }, out: next }
    }
    return scan(step, { h: zeros(xs.shape.slice(1)), v: w }, xs).out
  },
  'layers, each with its weight, and one with that of all': (w, xs) => {
    const layer = (input: Tensor, own: Tensor) => {
      const inner = recurrence(h => h.matmul(own).add(h.matmul(w)))
      const { out } = scan(inner, zeros(xs.shape.slice(1)), input)
      return { carry: out, out: out.sum(0) }
    }
    return scan(layer, xs, stack([w, w.mul(0.5), w.transpose()], 0)).out
  },
  'one turn of several': (w, xs) => {
    const outer = (input: Tensor, x: Tensor) => {
      const { out } = scan(
        recurrence(h => h.matmul(w)),
        x,
        input,
      )
      return { carry: out, out: out.sum(0) }
    }
    return scan(outer, xs, xs.slice(0, 0, 1)).out
  },
}

type Size = readonly [steps: number, batch: number, hidden: number]

/** What a loop gives, with the gradient of its weight. */
async function runLoop(name: string, [steps, batch, hidden]: Size, device: string): Promise<TypedArray[]> {
  const f = compile(
    (w: Tensor, xs: Tensor) => {
      const out = loops[name](w, xs)
      return { out, gradient: gradients(out.square().mean(), { w }).w }
    },
    { device },
  )
  const results: TypedArray[] = []
  // Twice: what a run leaves packed is not what the next one multiplies by.
  for (const seed of [1, 2]) {
    const { out, gradient } = f(draw([hidden, hidden], seed), draw([steps, batch, hidden], 3))
    results.push(await out.data(), await gradient.data())
  }
  return results
}

/** Check all loops against the reference device, and that `threads` change no bit where that is `exact`. */
async function checkLoops(t: test.Test, blas: string, sizes: readonly Size[], exact: boolean) {
  const threads = [1, 2, 3, 8]
  const deviceOf = (threads: number) => `packing ${blas} ${threads}`
  for (const count of threads) registerDevice(deviceOf(count), () => wasmDevice(target, count, blas))
  for (const name of Object.keys(loops))
    for (const size of sizes) {
      const want = await runLoop(name, size, 'reference')
      const [first, ...others] = await Promise.all(threads.map(count => runLoop(name, size, deviceOf(count))))
      const worst = Math.max(...first.map((got, i) => difference(got, want[i])))
      t.ok(worst < 1e-5, `${name}, [${size}]: within ${worst} of the reference`)
      if (exact)
        others.forEach((other, i) => {
          t.deepEqual(other, first, `${name}, [${size}]: ${threads[i + 1]} threads`)
        })
    }
  for (const count of threads) await closeDevice(deviceOf(count))
}

test('packing: loops are right, and have the same bits for any number of threads', t =>
  checkLoops(
    t,
    'off',
    [
      [3, 40, 36],
      [4, 7, 5],
      [5, 33, 70],
    ],
    true,
  ))

testBlas('packing: loops that leave their products to BLAS, likewise', t =>
  checkLoops(
    t,
    'auto',
    [
      [3, 100, 80],
      [3, 40, 196],
    ],
    exactLibraries.test(Blas.choose('auto').description),
  ),
)
