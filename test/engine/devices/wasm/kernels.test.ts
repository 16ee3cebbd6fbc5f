import fc from 'fast-check'
import test from 'tape'
import { referenceDevice } from '../../../../engine/devices/reference/index.js'
import { hostTarget, plainTarget } from '../../../../engine/devices/wasm/assembly/target.js'
import { wasmDevice } from '../../../../engine/devices/wasm/index.js'
import type { DType, TypedArray } from '../../../../engine/kernel/dtype.js'
import { evaluate, type Instr, type ScalarOp } from '../../../../engine/kernel/expr.js'
import type { CopyKernel, Input, Kernel, MapKernel } from '../../../../engine/kernel/kernel.js'
import { contiguousView, sizeOf } from '../../../../engine/kernel/shape.js'
import { arbitraryShape, arbitraryView, difference, runOn, values } from './support.js'

const reference = referenceDevice()
const wideTarget = { ...hostTarget(), wide: true, loadsConstants: true }
const devices = [wasmDevice(), wasmDevice(plainTarget), wasmDevice(wideTarget)]
const dtypes = fc.constantFrom<DType>('float32', 'int32')
const seeds = fc.integer()

/** Floats that are small integers: their sums of products are exact in any order. */
const integers = (length: number, seed: number): Float32Array =>
  Float32Array.from(values('int32', length, seed))

type Case = { kernel: Kernel; args: TypedArray[] }

/** All wasm devices (with and without fused multiply-add, for wide vectors) agree with the reference device to `tolerance`. */
async function agrees({ kernel, args }: Case, tolerance: number): Promise<void> {
  const want = await runOn(reference, kernel, args)
  for (const device of devices) {
    const got = await runOn(device, kernel, args)
    for (let i = 0; i < args.length; i++) {
      const worst = difference(got[i], want[i])
      if (worst > tolerance) throw new Error(`${device.description}: argument ${i} differs by ${worst}`)
    }
  }
}

const property = (cases: fc.Arbitrary<Case>, tolerance: number, numRuns = 150) =>
  fc.assert(
    fc.asyncProperty(cases, c => agrees(c, tolerance)),
    { numRuns },
  )

const exactOps: Record<DType, ScalarOp[]> = {
  float32: [
    'add',
    'sub',
    'mul',
    'div',
    'min',
    'max',
    'neg',
    'abs',
    'floor',
    'sqrt',
    'eq',
    'lt',
    'le',
    'select',
    'cast',
  ],
  int32: ['add', 'sub', 'mul', 'min', 'max', 'neg', 'abs', 'eq', 'lt', 'le', 'select', 'cast', 'and', 'shr'],
  float64: [],
}
const arity: Partial<Record<ScalarOp, number>> = {
  neg: 1,
  abs: 1,
  floor: 1,
  sqrt: 1,
  cast: 1,
  select: 3,
}

/** Bodies of inputs, constants and random operations that round as IEEE says, so that results are exact. */
const arbitraryBody = (inputs: readonly DType[]): fc.Arbitrary<Instr[]> =>
  fc
    .array(fc.tuple(dtypes, fc.nat(), fc.array(fc.nat(), { minLength: 3, maxLength: 3 })), { maxLength: 14 })
    .map(steps => {
      const body: Instr[] = inputs.map((dtype, value) => ({ op: 'input', dtype, args: [], value }))
      for (const dtype of ['float32', 'int32'] as const)
        for (const value of [0, 1, 5, dtype === 'float32' ? -2.5 : -7])
          body.push({ op: 'const', dtype, args: [], value })
      for (const [dtype, pickOp, picks] of steps) {
        const op = exactOps[dtype][pickOp % exactOps[dtype].length]
        const pick = (n: number, of: DType) => {
          const lines = [...body.keys()].filter(i => body[i].dtype === of)
          return lines[n % lines.length]
        }
        const other = dtype === 'int32' ? 'float32' : 'int32'
        let args = picks.slice(0, arity[op] ?? 2).map(n => pick(n, dtype))
        if (op === 'cast') args = [pick(picks[0], other)]
        if (op === 'select' && picks[1] % 2) args[0] = pick(picks[0], other)
        if (op === 'and' || op === 'shr')
          args[1] = body.findIndex(i => i.op === 'const' && i.dtype === 'int32' && i.value === 5)
        body.push({ op, dtype, args, value: 0 })
      }
      return body
    })

/** A map's outputs with every line rounded to its dtype. */
function roundedMap(kernel: MapKernel, args: readonly TypedArray[]): number[][] {
  const { shape, inputs, body, outputs } = kernel
  const results: number[][] = outputs.map(() => [])
  for (let position = 0; position < sizeOf(shape); position++) {
    let left = position
    const index = shape.map(() => 0)
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] = left % shape[d]
      left = Math.floor(left / shape[d])
    }
    const lines: number[] = []
    for (const instr of body) {
      const [a, b, c] = instr.args.map(arg => lines[arg])
      const { view } = inputs[instr.value] ?? { view: { offset: 0, strides: [] } }
      const at = index.reduce((sum, i, d) => sum + i * view.strides[d], view.offset)
      const value =
        instr.op === 'input'
          ? args[instr.value][at]
          : instr.op === 'const'
            ? instr.value
            : evaluate(instr, a, b, c)
      lines.push(instr.dtype === 'int32' ? value | 0 : Math.fround(value))
    }
    outputs.forEach((o, i) => {
      results[i].push(lines[o.value])
    })
  }
  return results
}

const arbitraryInputs = (shape: readonly number[], maxLength: number) =>
  fc.array(fc.tuple(dtypes, arbitraryView(shape), seeds), { maxLength }).map(list => ({
    inputs: list.map(([dtype, { view }]): Input => ({ dtype, view })),
    args: list.map(([dtype, { length }, seed]) => values(dtype, length, seed)),
  }))

test('wasm: fused maps compute each primitive exactly, for any shape and strides', async t => {
  const cases = arbitraryShape(4).chain(shape =>
    arbitraryInputs(shape, 4).chain(({ inputs, args }) =>
      arbitraryBody(inputs.map(i => i.dtype)).chain(body =>
        fc.array(fc.nat({ max: body.length - 1 }), { minLength: 1, maxLength: 3 }).map(picks => {
          const outputs = picks.map(value => ({
            dtype: body[value].dtype,
            view: contiguousView(shape),
            value,
          }))
          const kernel: MapKernel = { kind: 'map', shape, inputs, body, outputs }
          return { kernel, args: [...args, ...outputs.map(o => values(o.dtype, sizeOf(shape), 1))] }
        }),
      ),
    ),
  )
  await fc.assert(
    fc.asyncProperty(cases, async ({ kernel, args }) => {
      const want = roundedMap(kernel, args)
      const got = await runOn(devices[0], kernel, args)
      want.forEach((column, i) => {
        const out = got[kernel.inputs.length + i]
        column.forEach((x, at) => {
          if (!(out[at] === x || (Number.isNaN(x) && Number.isNaN(out[at]))))
            throw new Error(`output ${i}[${at}]: ${out[at]} instead of ${x}`)
        })
      })
    }),
    { numRuns: 400 },
  )
  t.end()
})

const inputLine = (dtype: DType, value: number): Instr => ({ op: 'input', dtype, args: [], value })
const line = (op: ScalarOp, ...args: number[]): Instr => ({ op, dtype: 'float32', args, value: 0 })

test('wasm: an LSTM-like map agrees with the reference', async t => {
  const [rows, width] = [5, 7]
  const gate = (g: number): Input => ({
    dtype: 'float32',
    view: { offset: g * width, strides: [4 * width, 1] },
  })
  const half: Instr = { op: 'const', dtype: 'float32', args: [], value: 0.5 }
  const body: Instr[] = [0, 1, 2, 3, 4].map(i => inputLine('float32', i))
  body.push(half) // 5
  const sigmoid = (x: number): number => {
    const start = body.length
    body.push(line('mul', x, 5), line('tanh', start), line('mul', start + 1, 5), line('add', start + 2, 5))
    return start + 3
  }
  const [i, f, o] = [sigmoid(0), sigmoid(2), sigmoid(3)]
  body.push(line('tanh', 1), line('mul', i, body.length), line('mul', f, 4))
  body.push(line('add', body.length - 2, body.length - 1))
  const cell = body.length - 1
  body.push(line('tanh', cell), line('mul', o, body.length), line('exp', cell), line('abs', cell))
  body.push(line('log', body.length - 1))
  const outputs = [cell, cell + 2, cell + 3, body.length - 1].map(value => ({
    view: contiguousView([rows, width]),
    dtype: 'float32' as const,
    value,
  }))
  const gates = values('float32', rows * 4 * width, 3)
  const shape = [rows, width]
  await agrees(
    {
      kernel: {
        kind: 'map',
        shape,
        inputs: [
          gate(0),
          gate(1),
          gate(2),
          gate(3),
          { dtype: 'float32', view: { offset: 0, strides: [width, 1] } },
        ],
        body,
        outputs,
      },
      args: [
        ...[gates, gates, gates, gates],
        ...[4, 5, 6, 7, 8].map(seed => values('float32', rows * width, seed)),
      ],
    },
    2e-6,
  )
  t.end()
})

test('wasm: a map may write over a contiguous input', async t => {
  for (const device of devices) {
    const data = values('float32', 103, 5)
    const buffer = device.alloc(data.byteLength)
    device.write(buffer, data)
    const kernel: Kernel = {
      kind: 'map',
      shape: [103],
      inputs: [{ dtype: 'float32', view: { offset: 0, strides: [1] } }],
      body: [inputLine('float32', 0), line('add', 0, 0)],
      outputs: [{ dtype: 'float32', view: { offset: 0, strides: [1] }, value: 1 }],
    }
    device.run(device.compile(kernel)!, [buffer, buffer])
    t.deepEqual([...new Float32Array(await device.read(buffer))], [...data.map(x => x * 2)])
    device.free(buffer)
  }
  t.end()
})

test('wasm: long sums keep their precision', async t => {
  const length = 300_001
  const data = values('float32', 4 * length, 9).map(x => x + 3)
  const one = { dtype: 'float32' as const, view: { offset: 0, strides: [1] } }
  const body = [inputLine('float32', 0)]
  const sum = { kind: 'reduce', op: 'sum', dtype: 'float32', axes: 1, body, value: 0 } as const
  let want = 0
  for (let i = 0; i < length; i++) want += data[i]
  const columns = [0, 1, 2, 3].map(c => {
    let total = 0
    for (let i = 0; i < length; i++) total += data[4 * i + c]
    return total
  })
  for (const device of devices) {
    const along = await runOn(device, { ...sum, shape: [length], inputs: [one] }, [data, new Float32Array(1)])
    t.ok(Math.abs(along[1][0] / want - 1) < 1e-7, 'along a contiguous axis')
    const transposed = { dtype: 'float32' as const, view: { offset: 0, strides: [1, 4] } }
    const across = await runOn(device, { ...sum, shape: [4, length], inputs: [transposed] }, [
      data,
      new Float32Array(4),
    ])
    t.ok(
      columns.every((c, i) => Math.abs(across[1][i] / c - 1) < 1e-7),
      'across columns',
    )
    const withInfinity = data.with(7, Number.POSITIVE_INFINITY)
    const infinite = await runOn(device, { ...sum, shape: [length], inputs: [one] }, [
      withInfinity,
      new Float32Array(1),
    ])
    t.equal(infinite[1][0], Number.POSITIVE_INFINITY, 'infinity stays infinity')
  }
  t.end()
})

test('wasm: matmuls agree with the reference', async t => {
  const side = fc.oneof(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 8, max: 40 }))
  const depth = fc.oneof(side, fc.constantFrom(255, 257, 600))
  const cases = fc
    .tuple(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }), side, side, depth, fc.boolean(), seeds)
    .chain(([batch, m, n, k, accumulate, seed]) =>
      fc.tuple(arbitraryView([...batch, m, k]), arbitraryView([...batch, k, n])).map(
        ([a, b]): Case => ({
          kernel: { kind: 'matmul', dtype: 'float32', batch, m, n, k, a: a.view, b: b.view, accumulate },
          args: [
            integers(a.length, seed),
            integers(b.length, seed + 1),
            integers(sizeOf(batch) * m * n, seed + 2),
          ],
        }),
      ),
    )
  await property(cases, 0, 300)
  t.end()
})

test('wasm: matmuls larger than every block agree with the reference', async t => {
  const rows = (_rows: number, columns: number) => [columns, 1]
  const transposed = (rows: number) => [1, rows]
  for (const [m, n, k, layoutA, layoutB] of [
    [201, 531, 300, rows, rows],
    [201, 531, 300, transposed, transposed],
    // Long and narrow, as gradients of weights are.
    [37, 203, 1111, transposed, rows],
    [200, 503, 1111, transposed, rows],
    [7, 503, 1111, rows, rows],
  ] as const)
    await agrees(
      {
        kernel: {
          kind: 'matmul',
          dtype: 'float32',
          batch: [],
          m,
          n,
          k,
          a: { offset: 0, strides: layoutA(m, k) },
          b: { offset: 0, strides: layoutB(k, n) },
          accumulate: false,
        },
        args: [integers(m * k, 1), integers(k * n, 2), new Float32Array(m * n)],
      },
      0,
    )
  t.end()
})

test('wasm: declines float64, caches programs, refuses what would leave its buffers', async t => {
  const [device] = devices
  const copy = (dtype: DType): CopyKernel => ({
    kind: 'copy',
    dtype,
    shape: [2],
    source: 1,
    to: { offset: 0, strides: [1] },
    accumulate: false,
  })
  t.equal(device.compile(copy('float64')), null)
  t.equal(device.compile(copy('float32')), device.compile(copy('float32')))
  const buffer = device.alloc(8)
  device.free(buffer)
  t.throws(() => device.free(buffer), /after it was freed/)
  t.throws(() => device.run(device.compile(copy('float32'))!, [buffer]), /after it was freed/)
  const small = device.alloc(4)
  t.throws(
    () => device.run(device.compile(copy('float32'))!, [small]),
    /argument 0 has 4 bytes, the kernel takes 8/,
  )
  t.throws(() => device.run(device.compile(copy('float32'))!, []), /0 arguments for a kernel of 1/)
  t.throws(() => device.write(small, new Float32Array(2)), /write of 8 bytes into a buffer of 4/)
  const outside: Kernel = { ...copy('float32'), to: { offset: 0, strides: [-1] } }
  t.throws(() => device.compile(outside), /starts 1 elements before its buffer/)
  const launch = { kernel: copy('float32'), args: [{ even: 0, odd: 0, offset: 0, stride: 8 }] }
  const loop: Kernel = { kind: 'loop', steps: 3, reverse: false, bytes: [16], body: [launch] }
  const closed = wasmDevice()
  await closed.close()
  t.throws(() => closed.alloc(4), /after it was closed/)
  t.throws(() => device.compile(loop), /takes bytes 0 to 24 of buffers of 16/)
  t.end()
})
