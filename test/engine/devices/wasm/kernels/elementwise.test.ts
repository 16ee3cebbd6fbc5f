import fc from 'fast-check'
import test from 'tape'
import type { DType, TypedArray } from '../../../../../engine/kernel/dtype.js'
import { evaluate, type Instr, type ScalarOp } from '../../../../../engine/kernel/expr.js'
import type { Input, Kernel, MapKernel } from '../../../../../engine/kernel/kernel.js'
import { contiguousView, sizeOf } from '../../../../../engine/kernel/shape.js'
import { agrees, arbitraryShape, arbitraryView, devices, inputLine, line, runOn, values } from '../support.js'

const dtypes = fc.constantFrom<DType>('float32', 'int32')
const seeds = fc.integer()

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

test('elementwise: fused maps compute each primitive exactly, for any shape and strides', async t => {
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

test('elementwise: an LSTM-like map agrees with the reference', async t => {
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

test('elementwise: a map may write over a contiguous input', async t => {
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
