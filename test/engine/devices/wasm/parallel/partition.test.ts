import fc from 'fast-check'
import test from 'tape'
import { partition } from '../../../../../engine/devices/wasm/parallel/partition.js'
import type { TypedArray } from '../../../../../engine/kernel/dtype.js'
import type { Input, Kernel, LoopKernel, ReduceKernel } from '../../../../../engine/kernel/kernel.js'
import { contiguousView, sizeOf } from '../../../../../engine/kernel/shape.js'
import {
  arbitraryShape,
  arbitraryView,
  type Case,
  inputLine,
  line,
  openWasm,
  runOn,
  values,
} from '../support.js'

const device = openWasm({ threads: 1 })
const input = (value = 0) => inputLine('float32', value)
const float = (view: Input['view']): Input => ({ dtype: 'float32', view })
const sameBits = (a: TypedArray, b: TypedArray): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength))

/** The parts of a kernel, one after the other, in an order of their own; none may touch what another one writes. */
async function runParts({ kernel, args }: Case, parts: number, reverse: boolean): Promise<TypedArray[]> {
  const cut = partition(kernel, parts, 1, 0)
  if (!cut) return runOn(device, kernel, args)
  const now = args.map(a => a.slice())
  const touched = args.map(() => new Set<number>())
  for (const part of reverse ? [...cut].reverse() : cut) {
    const partArgs = now.map((a, i) => a.subarray(part.offsets[i] / 4))
    const got = await runOn(device, part.kernel, partArgs)
    got.forEach((after, i) => {
      const start = part.offsets[i] / 4
      after.forEach((x, element) => {
        if (Object.is(x, partArgs[i][element])) return
        const index = start + element
        if (touched[i].has(index)) throw new Error(`argument ${i}[${index}] is computed twice`)
        touched[i].add(index)
      })
    })
    got.forEach((after, i) => {
      now[i].set(after as never, part.offsets[i] / 4)
    })
  }
  return now
}

const property = (cases: fc.Arbitrary<Case>, numRuns: number) =>
  fc.assert(
    fc.asyncProperty(cases, fc.integer({ min: 2, max: 5 }), fc.boolean(), async (c, parts, reverse) => {
      const want = await runOn(device, c.kernel, c.args)
      const got = await runParts(c, parts, reverse)
      want.forEach((whole, i) => {
        if (!sameBits(whole, got[i])) throw new Error(`argument ${i} differs in parts`)
      })
    }),
    { numRuns },
  )

const seeds = fc.integer()
const shapes = arbitraryShape(3)

const maps = shapes.chain(shape =>
  fc.tuple(arbitraryView(shape), arbitraryView(shape), arbitraryView(shape, true), seeds).map(
    ([a, b, to, seed]): Case => ({
      kernel: {
        kind: 'map',
        shape,
        inputs: [float(a.view), float(b.view)],
        body: [input(0), input(1), line('mul', 0, 1), line('tanh', 2)],
        outputs: [
          { ...float(contiguousView(shape)), value: 2 },
          { ...float(to.view), value: 3 },
        ],
      },
      args: [a.length, b.length, sizeOf(shape), to.length].map((n, i) => values('float32', n, seed + i)),
    }),
  ),
)

const reductions = fc
  .tuple(shapes, fc.constantFrom<ReduceKernel['op']>('sum', 'max'), fc.nat())
  .filter(([shape]) => shape.length > 0)
  .chain(([shape, op, pick]) =>
    fc.tuple(arbitraryView(shape), seeds).map(([{ view, length }, seed]): Case => {
      const axes = 1 + (pick % shape.length)
      const kept = shape.slice(0, shape.length - axes)
      return {
        kernel: {
          kind: 'reduce',
          op,
          dtype: 'float32',
          shape,
          axes,
          inputs: [float(view)],
          body: [input()],
          value: 0,
        },
        args: [values('float32', length, seed), values('float32', sizeOf(kept), seed + 1)],
      }
    }),
  )

const sizes = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(33, 70, 300))
const products = fc
  .tuple(sizes, sizes, sizes, fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }), fc.boolean(), seeds)
  .filter(([m, n, k]) => m * n * k < 1e6)
  .chain(([m, n, k, batch, accumulate, seed]) =>
    fc.tuple(arbitraryView([...batch, m, k]), arbitraryView([...batch, k, n])).map(
      ([a, b]): Case => ({
        kernel: { kind: 'matmul', dtype: 'float32', batch, m, n, k, a: a.view, b: b.view, accumulate },
        args: [a.length, b.length, sizeOf(batch) * m * n].map((length, i) =>
          values('float32', length, seed + i),
        ),
      }),
    ),
  )

const copies = shapes.chain(shape =>
  fc.tuple(arbitraryView(shape), arbitraryView(shape, true), fc.boolean(), seeds).map(
    ([from, to, accumulate, seed]): Case => ({
      kernel: { kind: 'copy', dtype: 'float32', shape, source: from.view, to: to.view, accumulate },
      args: [values('float32', from.length, seed), values('float32', to.length, seed + 1)],
    }),
  ),
)

const others = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 40 }), seeds)
  .chain(([count, width, seed]) =>
    fc.constantFrom<Case>(
      {
        kernel: { kind: 'gather', dtype: 'float32', rows: 5, width, count },
        args: [
          values('float32', 5 * width, seed),
          values('int32', count, seed),
          values('float32', count * width, seed + 1),
        ],
      },
      {
        kernel: { kind: 'randomBits', streams: count, count: width },
        args: [values('int32', 2, seed), values('int32', count, seed), new Int32Array(count * width)],
      },
    ),
  )

test('partition: parts compute each element of the output once, to the bits of the whole', async t => {
  for (const cases of [maps, reductions, products, copies, others]) await property(cases, 150)
  t.end()
})

/** A launch of a kernel on whole buffers, one for each argument, or a row of tables `stride` further in each iteration. */
const launch = (kernel: Kernel, args: readonly (number | readonly [buffer: number, stride: number])[]) => ({
  kernel,
  args: args.map(arg => {
    const [buffer, stride] = typeof arg === 'number' ? [arg, 0] : arg
    return { even: buffer, odd: buffer, offset: 0, stride }
  }),
})

test('partition: a loop that gathers, draws and multiplies row by row is cut, too', async t => {
  const [rows, width, steps] = [6, 4, 3]
  const table = contiguousView([rows, width])
  const kernel: LoopKernel = {
    kind: 'loop',
    steps,
    reverse: false,
    // A table to gather from, indices, what is gathered, a key, random bits, a matrix for each row, and products.
    bytes: [5 * width, rows, rows * width, 2, steps * rows * width, rows * width * width, rows * width].map(
      length => 4 * length,
    ),
    body: [
      launch({ kind: 'gather', dtype: 'float32', rows: 5, width, count: rows }, [0, 1, 2]),
      launch({ kind: 'randomBits', streams: rows, count: width }, [3, 1, [4, 4 * rows * width]]),
      launch(
        {
          kind: 'matmul',
          dtype: 'float32',
          batch: [rows],
          m: 1,
          n: width,
          k: width,
          a: { offset: 0, strides: [width, width, 1] },
          b: contiguousView([rows, width, width]),
          accumulate: true,
        },
        [2, 5, 6],
      ),
      launch(
        {
          kind: 'map',
          shape: [rows, width],
          inputs: [float(table), float(table)],
          body: [input(0), input(1), line('add', 0, 1)],
          outputs: [{ ...float(table), value: 2 }],
        },
        [2, 6, 6],
      ),
    ],
  }
  const args = kernel.bytes.map((bytes, i) =>
    i === 1 || i === 3
      ? Int32Array.from({ length: bytes / 4 }, (_, row) => (3 * row) % 5)
      : values('float32', bytes / 4, i),
  )
  t.equal(partition(kernel, 3, 1, 0)?.length, 3)
  const [want, got] = [await runOn(device, kernel, args), await runParts({ kernel, args }, 3, true)]
  want.forEach((whole, i) => {
    t.ok(sameBits(whole, got[i]), `buffer ${i}`)
  })
  const scattered = launch({ kind: 'gather', dtype: 'float32', rows, width, count: rows }, [6, 1, 2])
  t.notOk(partition({ ...kernel, body: [...kernel.body, scattered] }, 3, 1, 0), 'not when it reads any row')
  t.end()
})

/** h' = tanh(h @ w + x_t) on `rows` rows, every h' kept; h @ w is read through the view `read`. */
function recurrence(rows: number, width: number, steps: number, read: Input['view']): Case {
  const bytes = 4 * rows * width
  const whole = contiguousView([rows, width])
  const kernel: LoopKernel = {
    kind: 'loop',
    steps,
    reverse: false,
    bytes: [bytes * (steps + 1), 4 * width * width, bytes * steps, bytes],
    body: [
      {
        kernel: {
          kind: 'matmul',
          dtype: 'float32',
          batch: [],
          m: rows,
          n: width,
          k: width,
          a: whole,
          b: contiguousView([width, width]),
          accumulate: false,
        },
        args: [
          { even: 0, odd: 0, offset: 0, stride: bytes },
          { even: 1, odd: 1, offset: 0, stride: 0 },
          { even: 3, odd: 3, offset: 0, stride: 0 },
        ],
      },
      {
        kernel: {
          kind: 'map',
          shape: [rows, width],
          inputs: [float(read), float(whole)],
          body: [input(0), input(1), line('add', 0, 1), line('tanh', 2)],
          outputs: [{ ...float(whole), value: 3 }],
        },
        args: [
          { even: 3, odd: 3, offset: 0, stride: 0 },
          { even: 2, odd: 2, offset: 0, stride: bytes },
          { even: 0, odd: 0, offset: bytes, stride: bytes },
        ],
      },
    ],
  }
  return { kernel, args: kernel.bytes.map((n, i) => values('float32', n / 4, 7 + i)) }
}

test('partition: a loop is cut along rows, through all of its iterations', async t => {
  for (const [rows, width, parts] of [
    [4, 3, 2],
    [9, 5, 2],
    [10, 8, 4],
  ]) {
    const c = recurrence(rows, width, 6, contiguousView([rows, width]))
    const cut = partition(c.kernel, parts, 1, 0)
    t.equal(cut?.length, parts, 'it is cut')
    if (rows % parts === 0) t.deepEqual(cut?.[0].kernel, cut?.[1].kernel, 'equal parts are the same kernel')
    const [want, got] = [await runOn(device, c.kernel, c.args), await runParts(c, parts, false)]
    t.ok(sameBits(want[0], got[0]), `${rows} rows in ${parts} parts`)
  }
  t.end()
})

test('partition: a loop whose rows see each other is not cut', t => {
  const [rows, width] = [4, 3]
  const flipped = { offset: (rows - 1) * width, strides: [-width, 1] }
  const first = { offset: 0, strides: [0, 1] }
  const turned = { offset: 0, strides: [1, rows] }
  for (const [what, view] of Object.entries({ flipped, first, turned }))
    t.notOk(partition(recurrence(rows, width, 6, view).kernel, 2, 1, 0), what)
  t.ok(
    partition(recurrence(rows, width, 6, contiguousView([rows, width])).kernel, 2, 1, 0),
    'each its own row',
  )
  t.end()
})
