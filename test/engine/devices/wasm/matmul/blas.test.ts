import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import test from 'tape'
import { hostTarget } from '../../../../../engine/devices/wasm/assembly/target.js'
import { wasmDevice } from '../../../../../engine/devices/wasm/index.js'
import { Blas } from '../../../../../engine/devices/wasm/matmul/blas.js'
import { blasFileNames, findBlasFile } from '../../../../../engine/devices/wasm/matmul/blasFile.js'
import { sharesColumns } from '../../../../../engine/devices/wasm/matmul/columns.js'
import { usesSgemm } from '../../../../../engine/devices/wasm/matmul/sgemm.js'
import {
  closeDevice,
  compile,
  gradients,
  registerDevice,
  scan,
  type Tensor,
  tensor,
  zeros,
} from '../../../../../engine/index.js'
import type { TypedArray } from '../../../../../engine/kernel/dtype.js'
import type { MatmulKernel } from '../../../../../engine/kernel/kernel.js'
import { sizeOf } from '../../../../../engine/kernel/shape.js'
import { findCell, initialState, makeTrainStep } from '../../../../../model/index.js'
import { tinyData } from '../../../../model/tinyData.js'
import {
  arbitraryView,
  difference,
  exactLibraries,
  found,
  product,
  runOn,
  testBlas,
  values,
} from '../support.js'

const target = hostTarget()
/** Views that BLAS can express, in every way: rows or columns in order, with gaps, at an offset. */
const matrixView = (batch: readonly number[], rows: number, columns: number) =>
  fc
    .record({ gap: fc.nat(9), offset: fc.nat(5), transposed: fc.boolean() })
    .map(({ gap, offset, transposed }) => {
      const leading = (transposed ? rows : columns) + gap
      const size = leading * (transposed ? columns : rows)
      const strides = batch.map((_, d) => size * sizeOf(batch.slice(d + 1)))
      const view = { offset, strides: [...strides, ...(transposed ? [1, leading] : [leading, 1])] }
      return { view, length: offset + size * sizeOf(batch) }
    })

const batches = fc.constantFrom([], [3], [2, 2])
const products = fc
  .tuple(
    batches,
    fc.integer({ min: 12, max: 80 }),
    fc.integer({ min: 16, max: 90 }),
    fc.integer({ min: 256, max: 300 }),
  )
  .chain(([batch, m, n, k]) =>
    fc
      .tuple(
        fc.oneof(matrixView(batch, m, k), arbitraryView([...batch, m, k])),
        fc.oneof(matrixView(batch, k, n), arbitraryView([...batch, k, n])),
        fc.boolean(),
        fc.integer(),
      )
      .map(([a, b, accumulate, seed]) => ({
        kernel: product(m, k, n, { batch, a: a.view, b: b.view, accumulate }),
        args: [a.length, b.length, sizeOf(batch) * m * n].map((length, i) =>
          values('float32', length, seed + i),
        ),
      })),
  )

testBlas(
  'blas: products equal those of WebAssembly, whatever their views, for 1, 2 and 4 threads',
  async t => {
    const plain = wasmDevice(target, 1, 'off')
    let inBlas = 0
    for (const threads of [1, 2, 4]) {
      const device = wasmDevice(target, threads, 'auto')
      await fc.assert(
        fc.asyncProperty(products, async ({ kernel, args }) => {
          if (usesSgemm({ ...target, sgemm: { unpacked: 0 } }, kernel)) inBlas++
          const [want, got] = [await runOn(plain, kernel, args), await runOn(device, kernel, args)]
          const worst = difference(got[2], want[2], kernel.k)
          if (!(worst < 1e-6)) throw new Error(`differs by ${worst}`)
        }),
        { numRuns: 60 },
      )
      await device.close()
    }
    t.ok(inBlas > 40, `${inBlas} of 180 products went to BLAS`)
    await plain.close()
  },
)

testBlas('blas: threads share a large product by columns, alone and in a loop', async t => {
  const [m, k, n, side] = [40, 2050, 2070, 2060]
  const draw = (shape: number[], seed: number) =>
    tensor(values('float32', sizeOf(shape), seed) as Float32Array, { shape })
  const args = [m * k, k * n, m * n].map((length, i) => values('float32', length, i))
  const transposed = { offset: 0, strides: [1, k] }
  const kernels = [product(m, k, n), product(m, k, n, { b: transposed, accumulate: true })]
  t.ok(kernels.every(kernel => sharesColumns({ ...target, sgemm: { unpacked: 0 } }, kernel)))
  t.notOk(sharesColumns(target, kernels[0]), 'no library')
  const plain = wasmDevice(target, 1, 'off')
  const runs: TypedArray[][] = []
  for (const threads of [1, 2, 4]) {
    const device = wasmDevice(target, threads, 'auto')
    const found: TypedArray[] = []
    for (const kernel of kernels) {
      const [want, got] = [await runOn(plain, kernel, args), await runOn(device, kernel, args)]
      t.ok(difference(got[2], want[2], k) < 1e-6, `${threads} threads`)
      found.push(got[2])
    }
    await device.close()
    const name = `shares${threads}`
    registerDevice(name, () => wasmDevice(target, threads, 'auto'))
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
    found.push(await out.data(), await gradient.data())
    await closeDevice(name)
    runs.push(found)
  }
  await plain.close()
  t.ok(runs[0].every(found => found.some(x => x !== 0)))
  for (const found of runs)
    found.forEach((got, i) => {
      t.ok(difference(got, runs[0][i]) < 1e-4)
    })
  if (exactLibraries.test(Blas.choose('auto').description))
    runs.forEach((found, r) => {
      found.forEach((got, i) => {
        // Too long for deepEqual, should they differ.
        t.ok(Buffer.from(got.buffer).equals(Buffer.from(runs[0][i].buffer)), `${2 ** r} threads, result ${i}`)
      })
    })
  else t.comment(`skipped: whether threads change bits is not known of ${Blas.choose('auto').description}`)
})

testBlas('blas: memory may grow between two products', async t => {
  const device = wasmDevice(target, 1, 'auto')
  const kernel = product(20, 64, 64)
  const args = [20 * 64, 64 * 64, 20 * 64].map((length, i) => values('float32', length, i))
  const before = await runOn(device, kernel, args)
  const large = device.alloc(200e6)
  t.deepEqual(await runOn(device, kernel, args), before)
  device.free(large)
  await device.close()
})

testBlas('blas: an LSTM learns the same, and to the same bits on 1, 2 and 4 threads', async t => {
  const data = tinyData(60, 20)
  const cell = await findCell('lstm')
  const train = async (device: string) => {
    const options = {
      cell,
      hidden: 48,
      learningRate: 0.01,
      dropoutRate: 0.1,
      regulariserType: 'l2' as const,
      regulariserWeight: 1e-4,
      seed: 1,
      device,
    }
    const step = makeTrainStep(options)
    let state = initialState(options)
    const losses: number[] = []
    for (let i = 0; i < 3; i++) {
      const result = await step(state, tensor(data.batch(i), { shape: [60, 20] }))
      state = result.state
      losses.push(result.metrics.loss_total)
    }
    return { losses, kernel: await state.parameters.cell.kernel.data() }
  }
  registerDevice('plain', () => wasmDevice(target, 1, 'off'))
  const want = await train('plain')
  const runs = []
  for (const threads of [1, 2, 4]) {
    registerDevice(`blas${threads}`, () => wasmDevice(target, threads, 'auto'))
    runs.push(await train(`blas${threads}`))
  }
  const again = Blas.choose('auto')
  t.notOk(/for large products/.test(again.description), `it was used: ${again.description}`)
  for (const { losses, kernel } of runs) {
    losses.forEach((loss, i) => {
      t.ok(Math.abs(loss - want.losses[i]) < 1e-5, `step ${i}: ${loss}, without ${want.losses[i]}`)
    })
    t.ok(difference(kernel, want.kernel) < 1e-4)
  }
  if (exactLibraries.test(again.description)) {
    t.deepEqual(runs[1], runs[0], 'two threads')
    t.deepEqual(runs[2], runs[0], 'four threads')
  } else t.comment(`skipped: whether threads change bits is not known of ${again.description}`)
})

test('blas: what is too small, and what it cannot express, stays in WebAssembly', t => {
  const uses = (kernel: MatmulKernel) => usesSgemm({ ...target, sgemm: { unpacked: 0 } }, kernel)
  t.ok(uses(product(50, 64, 64)))
  t.notOk(usesSgemm(target, product(50, 64, 64)), 'no library')
  t.notOk(uses(product(50, 60, 60)), 'a small right side')
  t.notOk(uses(product(1, 512, 2048)), 'a row')
  t.notOk(uses(product(512, 512, 4)), 'few columns')
  const strided = { offset: 0, strides: [200, 2] }
  t.notOk(uses(product(50, 64, 64, { a: strided })), 'no stride of 1')
  t.notOk(uses(product(50, 64, 64, { a: { offset: 49 * 64, strides: [-64, 1] } })), 'flipped')
  t.notOk(uses(product(50, 64, 64, { b: { offset: 0, strides: [0, 1] } })), 'broadcast')
  t.notOk(uses(product(50, 64, 64, { a: { offset: 0, strides: [1, 1] } })), 'windows that overlap')
  t.ok(uses(product(50, 64, 64, { a: { offset: 3, strides: [1, 50] } })), 'transposed')
  t.end()
})

testBlas('blas: found without loading it; loaded by the first kernel that needs it', t => {
  const script = `const { wasmDevice } = await import('${new URL('../../../../../engine/devices/wasm/index.js', import.meta.url)}')
const device = wasmDevice(undefined, 1)
const view = n => ({ offset: 0, strides: [n, 1] })
const compile = n => device.compile({ kind: 'matmul', dtype: 'float32', batch: [], m: n, n, k: n, a: view(n), b: view(n), accumulate: false })
console.log(device.description)
compile(32)
console.log(device.description)
compile(64)
console.log(device.description)`
  const [opened, small, large] = runScript(script, { XENOGRAD_BLAS: 'auto' }).stdout.split('\n')
  t.match(opened, /, BLAS \/.*for large products$/)
  t.equal(small, opened)
  t.match(large, /, BLAS [^/].*, \//)
  t.end()
})

testBlas('blas: a script that ends ends, with threads that have called it', t => {
  const { status, stderr } = runScript(
    `import { tensor } from '${new URL('../../../../../engine/index.js', import.meta.url)}'
const x = tensor(new Float32Array(250000), { shape: [500, 500] })
await x.matmul(x).tanh().data()`,
    { XENOGRAD_BLAS: 'auto', XENOGRAD_THREADS: '3' },
  )
  t.equal(status, 0, stderr)
  t.end()
})

test('blas: a library that cannot be used is an error that says why', t => {
  const choose = (path: string) => () => wasmDevice(target, 1, path)
  if (found.reason.includes('koffi')) t.comment(`skipped: ${found.description}`)
  else {
    t.throws(
      choose('/nowhere/libblas.so'),
      /BLAS '\/nowhere\/libblas.so': it cannot be loaded \(.*\); give the path of a shared library with cblas_sgemm .*, or auto, or off/,
    )
    if (process.platform === 'linux')
      t.throws(choose('libm.so.6'), /BLAS 'libm.so.6': it has no function cblas_sgemm; give the path/)
  }
  t.match(wasmDevice(target, 1, 'off').description, /, BLAS off$/)
  t.end()
})

test('blas: without koffi, auto does without and says so; a library by its name is an error', t => {
  const hide = join(mkdtempSync(join(tmpdir(), 'xenograd-blas-')), 'hide.cjs')
  writeFileSync(
    hide,
    `const Module = require('node:module')
const resolve = Module._resolveFilename
Module._resolveFilename = function (name, ...rest) {
  if (name === 'koffi') throw Object.assign(new Error("Cannot find module 'koffi'"), { code: 'MODULE_NOT_FOUND' })
  return resolve.call(this, name, ...rest)
}`,
  )
  const script = `const { wasmDevice } = await import('${new URL('../../../../../engine/devices/wasm/index.js', import.meta.url)}')
console.log(wasmDevice(undefined, 1).description)`
  const run = (choice: string) => runScript(script, { XENOGRAD_BLAS: choice }, ['--require', hide])
  t.match(run('auto').stdout, /, no BLAS: koffi is not installed: npm install koffi$/m)
  t.match(
    run('libopenblas.so.0').stderr,
    /BLAS 'libopenblas.so.0': koffi is not installed: npm install koffi, or choose off/,
  )
  t.end()
})

test('blas: looked for by preference, then by folder', t => {
  const names = blasFileNames()
  if (!names.length || process.platform === 'darwin') {
    t.comment('skipped: no plain files are looked for on this system')
    t.end()
    return
  }
  const root = mkdtempSync(join(tmpdir(), 'xenograd-blas-'))
  const [one, two] = ['one', 'two'].map(name => join(root, name))
  for (const folder of [one, two]) mkdirSync(folder)
  t.equal(findBlasFile([one, two]), undefined)
  writeFileSync(join(one, names[1]), '')
  t.equal(findBlasFile([two, one]), `${one}/${names[1]}`)
  writeFileSync(join(two, names[0]), '')
  t.equal(findBlasFile([one, two]), `${two}/${names[0]}`)
  writeFileSync(join(one, names[0]), '')
  t.equal(findBlasFile([one, '', two]), `${one}/${names[0]}`)
  t.end()
})

function runScript(script: string, env: Record<string, string>, flags: readonly string[] = []) {
  return spawnSync(process.execPath, [...flags, '--input-type=module', '-e', script], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 60_000,
  })
}
