import fc from 'fast-check'
import test from 'tape'
import { usesSgemm } from '../../../../../engine/devices/wasm/matmul/sgemm.js'
import { device as deviceOf, registerDevice, tensor } from '../../../../../engine/index.js'
import type { MatmulKernel } from '../../../../../engine/kernel/kernel.js'
import { sizeOf } from '../../../../../engine/kernel/shape.js'
import { findCell, initialState, makeTrainStep } from '../../../../../model/index.js'
import { tinyData } from '../../../../model/tinyData.js'
import {
  arbitraryView,
  difference,
  hostBlas,
  isHostBlasExact,
  openWasm,
  product,
  runOn,
  testBlas,
  testTarget,
  values,
} from '../support.js'

const target = testTarget()

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
  'sgemm: products equal those of WebAssembly, whatever their views, for 1, 2 and 4 threads',
  async t => {
    const plain = openWasm({ threads: 1, blas: 'off' }, target)
    let inBlas = 0
    for (const threads of [1, 2, 4]) {
      const device = openWasm({ threads, blas: 'on' }, target)
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

testBlas('sgemm: memory may grow between two products', async t => {
  const device = openWasm({ threads: 1, blas: 'on' }, target)
  const kernel = product(20, 64, 64)
  const args = [20 * 64, 64 * 64, 20 * 64].map((length, i) => values('float32', length, i))
  const before = await runOn(device, kernel, args)
  const large = device.alloc(200e6)
  t.deepEqual(await runOn(device, kernel, args), before)
  device.free(large)
  await device.close()
})

testBlas('sgemm: an LSTM learns the same, and to the same bits on 1, 2 and 4 threads', async t => {
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
  registerDevice('plain', () => openWasm({ threads: 1, blas: 'off' }, target))
  const want = await train('plain')
  const runs = []
  for (const threads of [1, 2, 4]) {
    registerDevice(`blas${threads}`, () => openWasm({ threads, blas: 'on' }, target))
    runs.push(await train(`blas${threads}`))
  }
  const { description } = deviceOf('blas4')
  t.notOk(/for large products/.test(description), `it was used: ${description}`)
  for (const { losses, kernel } of runs) {
    losses.forEach((loss, i) => {
      t.ok(Math.abs(loss - want.losses[i]) < 1e-5, `step ${i}: ${loss}, without ${want.losses[i]}`)
    })
    t.ok(difference(kernel, want.kernel) < 1e-4)
  }
  if (isHostBlasExact()) {
    t.deepEqual(runs[1], runs[0], 'two threads')
    t.deepEqual(runs[2], runs[0], 'four threads')
  } else t.comment(`skipped: whether threads change bits is not known of ${hostBlas.description}`)
})

test('sgemm: what is too small, and what it cannot express, stays in WebAssembly', t => {
  const uses = (kernel: MatmulKernel) => usesSgemm({ ...target, sgemm: { unpacked: 0 } }, kernel)
  t.ok(uses(product(50, 64, 64)))
  t.notOk(usesSgemm(target, product(50, 64, 64)), 'no library')
  t.notOk(uses(product(50, 60, 60)), 'a small B')
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
