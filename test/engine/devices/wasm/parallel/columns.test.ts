import fc from 'fast-check'
import test from 'tape'
import { ModuleBuilder } from '../../../../../engine/devices/wasm/assembly/assembler.js'
import { choosePacking, definePackedMatmul } from '../../../../../engine/devices/wasm/matmul/matmul.js'
import { sgemmImport } from '../../../../../engine/devices/wasm/matmul/sgemm.js'
import { cutColumns, sharesColumns } from '../../../../../engine/devices/wasm/parallel/columns.js'
import {
  closeDevice,
  compile,
  gradients,
  registerDevice,
  scan,
  type Tensor,
  zeros,
} from '../../../../../engine/index.js'
import type { TypedArray } from '../../../../../engine/kernel/dtype.js'
import {
  difference,
  draw,
  hostBlas,
  isHostBlasExact,
  linked,
  memoryOf,
  openWasm,
  ownSgemm,
  packingInto,
  product,
  runOn,
  testBlas,
  testTarget,
  values,
} from '../support.js'

const target = testTarget()
/** Code for wide vectors, which runs everywhere. */
const wide = { ...target, wide: true }

test('columns: parts of a product by a packed B have the bits of the whole', t => {
  const sizes = fc.tuple(
    fc.integer({ min: 13, max: 40 }),
    fc.integer({ min: 50, max: 600 }),
    fc.integer({ min: 130, max: 700 }),
  )
  fc.assert(
    fc.property(
      sizes,
      fc.integer({ min: 2, max: 5 }),
      fc.boolean(),
      fc.constantFrom(target, wide, { ...target, sgemm: { unpacked: 1 << 15 } }),
      ([m, k, n], count, accumulate, target) => {
        const kernel = product(m, k, n, { accumulate })
        const packing = choosePacking(target, kernel)
        if (!packing) throw new Error('nothing is packed')
        const arrays = [m * k, k * n, m * n, m * n].map(
          (length, i) => values('float32', length, Math.min(i, 2)) as Float32Array,
        )
        const { memory, floats, pointers, end } = memoryOf(arrays)
        const [a, b, whole, out] = pointers
        packingInto(memory, target, packing, kernel)(b, end)
        const { sgemm } = ownSgemm(() => floats)
        const run = (part: typeof kernel) => {
          const module = new ModuleBuilder('sgemm' in target ? [sgemmImport] : [])
          module.export('run', definePackedMatmul(target, module, part, packing))
          return linked(module, memory, sgemm)
        }
        run(kernel)(a, b, whole, end)
        const parts = cutColumns(kernel, count, packing) ?? []
        if (parts.length !== Math.min(count, Math.floor(n / packing.panel)))
          throw new Error(`${parts.length} parts`)
        for (const { kernel: part, offsets } of parts)
          run(part as typeof kernel)(...[a, b, out, end].map((pointer, i) => pointer + offsets[i]))
        for (let i = 0; i < m * n; i++)
          if (!Object.is(floats[out / 4 + i], floats[whole / 4 + i]))
            throw new Error(`element ${i} is ${floats[out / 4 + i]}, in the whole ${floats[whole / 4 + i]}`)
      },
    ),
    { numRuns: 60 },
  )
  t.end()
})

test('columns: threads share a loop whose weight no near cache holds, with the same bits', async t => {
  const [batch, side] = [20, 1460]
  const kernel = product(batch, side, side)
  t.ok(sharesColumns(wide, kernel, choosePacking(wide, kernel)))
  t.notOk(sharesColumns(wide, kernel), 'not where nothing is packed')
  t.notOk(sharesColumns(target, kernel, choosePacking(target, kernel)) && !target.wide, 'narrow vectors')
  t.notOk(sharesColumns(wide, { ...kernel, m: 300 }, choosePacking(wide, kernel)), 'many rows')
  const runs: TypedArray[][] = []
  for (const threads of [1, 2, 3]) {
    const name = `columns${threads}`
    registerDevice(name, () => openWasm({ threads, blas: 'off' }, wide))
    const step = (w: Tensor) => (h: Tensor, x: Tensor) => {
      const next = h.matmul(w).mul(0.05).add(x).tanh()
      return { carry: next, out: next }
    }
    const recurrence = compile(
      (w: Tensor, xs: Tensor) => {
        const { out } = scan(step(w), zeros([batch, side]), xs)
        // A loop in a loop: each iteration begins with the last one's end.
        const outer = (h: Tensor, x: Tensor) => {
          const { carry } = scan(step(w), h, xs)
          return { carry: carry.add(x), out: carry }
        }
        const nested = scan(outer, zeros([batch, side]), xs).out
        return { out, nested, gradient: gradients(out.square().mean(), { w }).w }
      },
      { device: name },
    )
    const { out, nested, gradient } = recurrence(draw([side, side], 1), draw([3, batch, side], 2))
    runs.push([await out.data(), await nested.data(), await gradient.data()])
    await closeDevice(name)
  }
  const plain = openWasm({ threads: 1, blas: 'off' }, target)
  registerDevice('plain columns', () => plain)
  const [w, xs] = await Promise.all(
    [draw([side, side], 1), draw([3, batch, side], 2)].map(x => x.to('plain columns')),
  )
  const first = xs.slice(0, 0, 1).reshape(batch, side).tanh()
  const second = first
    .matmul(w)
    .mul(0.05)
    .add(xs.slice(0, 1, 2).reshape(batch, side))
    .tanh()
  t.ok(difference(runs[0][0].subarray(0, batch * side), await first.data()) < 1e-6)
  t.ok(difference(runs[0][0].subarray(batch * side, 2 * batch * side), await second.data()) < 1e-5)
  await closeDevice('plain columns')
  for (const [r, run] of runs.entries())
    run.forEach((got, i) => {
      t.ok(got.some(x => x !== 0))
      // Too long for deepEqual, should they differ.
      t.ok(Buffer.from(got.buffer).equals(Buffer.from(runs[0][i].buffer)), `${r + 1} threads, result ${i}`)
    })
})

testBlas('columns: with BLAS, threads share a large product by columns, alone and in a loop', async t => {
  const [m, k, n, side] = [40, 2050, 2070, 2060]
  const args = [m * k, k * n, m * n].map((length, i) => values('float32', length, i))
  const transposed = { offset: 0, strides: [1, k] }
  const kernels = [product(m, k, n), product(m, k, n, { b: transposed, accumulate: true })]
  t.ok(kernels.every(kernel => sharesColumns({ ...target, sgemm: { unpacked: 0 } }, kernel)))
  t.notOk(sharesColumns(target, kernels[0]), 'no library')
  const plain = openWasm({ threads: 1, blas: 'off' }, target)
  const runs: TypedArray[][] = []
  for (const threads of [1, 2, 4]) {
    const device = openWasm({ threads, blas: 'on' }, target)
    const results: TypedArray[] = []
    for (const kernel of kernels) {
      const [want, got] = [await runOn(plain, kernel, args), await runOn(device, kernel, args)]
      t.ok(difference(got[2], want[2], k) < 1e-6, `${threads} threads`)
      results.push(got[2])
    }
    await device.close()
    const name = `shares${threads}`
    registerDevice(name, () => openWasm({ threads, blas: 'on' }, target))
    const recurrence = compile(
      (w: Tensor, xs: Tensor) => {
        const step = (h: Tensor, x: Tensor) => {
          const next = h.matmul(w).mul(0.05).add(x).tanh()
          return { carry: next, out: next }
        }
        const { out } = scan(step, zeros([20, side]), xs)
        return { out, gradient: gradients(out.square().mean(), { w }).w }
      },
      { device: name },
    )
    const { out, gradient } = recurrence(draw([side, side], 1), draw([4, 20, side], 2))
    results.push(await out.data(), await gradient.data())
    await closeDevice(name)
    runs.push(results)
  }
  await plain.close()
  t.ok(runs[0].every(results => results.some(x => x !== 0)))
  for (const results of runs)
    results.forEach((got, i) => {
      t.ok(difference(got, runs[0][i]) < 1e-4)
    })
  if (isHostBlasExact())
    runs.forEach((results, r) => {
      results.forEach((got, i) => {
        // Too long for deepEqual, should they differ.
        t.ok(Buffer.from(got.buffer).equals(Buffer.from(runs[0][i].buffer)), `${2 ** r} threads, result ${i}`)
      })
    })
  else t.comment(`skipped: whether threads change bits is not known of ${hostBlas.description}`)
})
