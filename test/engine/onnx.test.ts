import fc from 'fast-check'
import test from 'tape'
import {
  arange,
  device,
  elementwise,
  entries,
  expr,
  gather,
  type OnnxPort,
  onnxGraph,
  operation,
  pad,
  randomBits,
  randomKey,
  realise,
  registeredOps,
  scan,
  scatterAdd,
  type Tensor,
  tensor,
  zeros,
} from '../../engine/index.js'
import {
  applyCase,
  casesOf,
  inputsOf,
  printCase,
  sampledOps,
} from '../../engine/testing/generators/operations.js'
import { encodeOnnx } from '../../model/checkpoint/index.js'
import { runs } from '../effort.js'
import { type RunOnnx, testOnnx, type Value } from '../onnxruntime.js'

type Inputs = Readonly<Record<string, Tensor>>
type Ports = Readonly<Record<string, OnnxPort>>

const portOf = ({ dtype, shape }: Tensor): OnnxPort => ({ dtype, shape })

/** The bytes of a function without parameters. */
const exported = async (f: (inputs: Inputs) => Inputs, inputs: Ports, outputs: Ports): Promise<Uint8Array> =>
  encodeOnnx({ graph: await onnxGraph((_, x) => f(x), { parameters: {}, inputs, outputs }), metadata: {} })

const numbersOf = async (t: Tensor): Promise<Value> => ({ data: await t.data(), shape: t.shape })

const allNumbersOf = async (tensors: Inputs): Promise<Record<string, Value>> =>
  Object.fromEntries(await Promise.all(entries(tensors).map(async ([name, t]) => [name, await numbersOf(t)])))

/** Whether numbers are as near as two ways to compute them in float32 may be. */
const isNear = (a: number, b: number): boolean =>
  Object.is(a, b) || a === b || Math.abs(a - b) <= 2e-5 * Math.max(1, Math.abs(a), Math.abs(b))

/** Where a result differs from ours; undefined if it does not. */
function difference(theirs: Value, ours: Value): string | undefined {
  if (`${theirs.shape}` !== `${ours.shape}`) return `shape [${theirs.shape}], wanted [${ours.shape}]`
  const i = ours.data.findIndex((x, i) => !isNear(theirs.data[i], x))
  return i < 0 ? undefined : `element ${i} is ${theirs.data[i]}, wanted ${ours.data[i]}`
}

/** Runs a function in onnxruntime and here; returns where the results differ. */
async function compared(
  run: RunOnnx,
  f: (inputs: Inputs) => Tensor,
  inputs: Inputs,
): Promise<string | undefined> {
  const ports = Object.fromEntries(entries(inputs).map(([name, t]) => [name, portOf(t)]))
  const ours = f(inputs)
  const model = await exported(x => ({ y: f(x) }), ports, { y: portOf(ours) })
  const given = await allNumbersOf(inputs)
  realise([ours], device('reference'))
  return difference((await run(model, given)).y, await numbersOf(ours))
}

const sampled = sampledOps()

for (const op of sampled.filter(op => op.kind === 'elementwise' || 'onnx' in op))
  testOnnx(`onnx: ${op.name} in onnxruntime is what it is here`, async (t, run) => {
    await fc.assert(
      fc.asyncProperty(casesOf(fc, op, { all: op.kind === 'elementwise' }), async drawn => {
        const inputs = Object.fromEntries(inputsOf(drawn, 'float32').map((x, i) => [`x${i}`, x]))
        const f = (x: Inputs) =>
          applyCase(
            drawn,
            entries(x).map(([, x]) => x),
          )
        // An axis is not repeated zero times there.
        if (drawn.sample.inputs.some(({ shape }) => shape.includes(0)) || f(inputs).size === 0) return
        const problem = await compared(run, f, inputs)
        if (problem) throw new Error(`${problem}\n${printCase(drawn)}`)
      }),
      { numRuns: runs(8) },
    )
    t.pass('random uses')
  })

test('onnx: random bits are the only operation without a form', t => {
  const without = sampled.filter(op => op.kind !== 'elementwise' && !('onnx' in op))
  t.deepEqual(
    without.map(op => op.name),
    ['randomBits'],
  )
  t.ok(registeredOps().length >= sampled.length)
  t.end()
})

testOnnx('onnx: scalar expressions mean the same at the edges', async (t, run) => {
  const bits = elementwise('bitsOfNumber', {
    expr: x => expr.add(expr.and(x, 0x0ff0_00f1 | 0), expr.mul(expr.shr(x, 7), 3)),
  })
  const signs = elementwise('signsOfNumber', {
    expr: x => expr.select(expr.le(x, 0), expr.sub(0, expr.eq(x, 0)), expr.lt(x, 3)),
  })
  const ints = tensor(Int32Array.of(0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 0x1234_5678, -77))
  const floats = tensor(
    Float32Array.of(0, 0.5, -0.5, 3, 2.9, -2.9, 3e9, -3e9, Number.NaN, Infinity, -Infinity, 2147483520),
  )
  for (const [name, f, x] of [
    ['and, shr', bits, ints],
    ['select, comparisons', signs, floats],
    ['to int32', (x: Tensor) => x.cast('int32'), floats],
    ['to float32', (x: Tensor) => x.cast('float32'), ints],
    ['and with 0, with all', (x: Tensor) => bits(x).minimum(9), ints],
  ] as const)
    t.equal(await compared(run, ({ x }) => f(x), { x }), undefined, name)
})

testOnnx('onnx: tables, windows, padding', async (t, run) => {
  const table = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ])
  const index = tensor(Int32Array.of(-(2 ** 31), -1, 0, 1, 2, 2 ** 31 - 1), { shape: [2, 3] })
  t.equal(
    await compared(run, ({ table, index }) => gather(table, index), { table, index }),
    undefined,
    'gather',
  )
  const source = tensor(
    Float32Array.from({ length: 18 }, (_, i) => i),
    { shape: [2, 3, 3] },
  )
  const added = ({ index, source }: Inputs) => scatterAdd(index, source, 2)
  t.equal(await compared(run, added, { index, source }), undefined, 'scatterAdd')
  const x = tensor(
    Float32Array.from({ length: 24 }, (_, i) => i),
    { shape: [4, 6] },
  )
  t.equal(await compared(run, ({ x }) => x.windows(1, 3, 2), { x }), undefined, 'windows')
  t.equal(
    await compared(
      run,
      ({ x }) =>
        pad(x, [
          [1, 2],
          [0, 3],
        ]),
      { x },
    ),
    undefined,
    'pad',
  )
  t.equal(await compared(run, ({ x }) => x.slice(1, 1, -1, 2).flip(0), { x }), undefined, 'slice, flip')
})

testOnnx('onnx: axes that are not fixed, and loops in loops, either way', async (t, run) => {
  const body = (h: Tensor, x: Tensor) => {
    // What the inner loop takes from outside: x of this step, and a tensor of all steps.
    const inner = scan(
      (c: Tensor, y: Tensor) => ({ carry: c.add(y.mul(x)), out: c.sum(-1, true) }),
      h,
      tensor([[1], [2], [3]]),
      { reverse: true },
    )
    return { carry: inner.carry.tanh(), out: inner.out.permute(1, 0, 2).reshape(-1, 3) }
  }
  const f = ({ x }: Inputs, reverse: boolean): Inputs => {
    const [, batch, width] = x.shape
    const { carry, out } = scan(body, zeros([batch, width]), x, { reverse })
    const flat = out.reshape(-1, 3).matmul(tensor([[1], [0.5], [0.25]]))
    return {
      carry,
      out,
      flat: flat.reshape(x.shape[0], batch).add(x.mean(-1)),
      count: zeros([batch]).add(batch),
    }
  }
  const port = (...shape: OnnxPort['shape']): OnnxPort => ({ dtype: 'float32', shape })
  const outputs = {
    carry: port('batch', 5),
    out: port('steps', 'batch', 3),
    flat: port('steps', 'batch'),
    count: port('batch'),
  }
  for (const reverse of [false, true]) {
    const model = await exported(x => f(x, reverse), { x: port('steps', 'batch', 5) }, outputs)
    for (const [steps, batch] of [
      [1, 1],
      [7, 3],
      [2, 11],
    ]) {
      const x = tensor(
        Float32Array.from({ length: steps * batch * 5 }, (_, i) => Math.sin(i)),
        { shape: [steps, batch, 5] },
      )
      const theirs = await run(model, await allNumbersOf({ x }))
      for (const [name, ours] of Object.entries(f({ x }, reverse)))
        t.equal(
          difference(theirs[name], await numbersOf(ours)),
          undefined,
          `${name} of ${steps} steps, ${batch} in a batch${reverse ? ', backwards' : ''}`,
        )
    }
  }
})

test('onnx: what has no form is told', async t => {
  const refusal = (f: (x: Tensor) => Tensor): Promise<string> =>
    exported(
      ({ x }) => ({ y: f(x) }),
      { x: { dtype: 'float32', shape: ['batch', 4] } },
      { y: { dtype: 'float32', shape: [4] } },
    ).then(
      () => 'exported',
      (error: Error) => `${error.name}: ${error.message}`,
    )
  const mystery = operation<undefined>('mystery', { launches: () => [], vjp: g => [g] })
  t.equal(
    await refusal(x => mystery([x], x.shape, x.dtype, undefined)),
    "RangeError: onnx: the operation 'mystery' has no form in ONNX; do without it, or give its record a rule 'onnx'",
  )
  t.match(await refusal(x => randomBits(randomKey(1), x.shape).cast('float32')), /'randomBits' has no form/)
  t.match(
    await refusal(x => x.add(arange(x.shape[0], 'float32').unsqueeze(1))),
    /is data for one size of an axis that is not/,
  )
  t.match(
    await refusal(x => x.slice(0, 1).reshape(-1)),
    /'reshape' .*: a size is that of an axis that is not fixed, more or less/,
  )
  t.match(await refusal(x => x.windows(0, 2)), /'windows' .*: a size is that of an axis that is not fixed/)
})

testOnnx("onnx: an operation of one's own with its rule", async (t, run) => {
  const cumulative = operation<undefined>('runningSum', {
    launches: () => [],
    vjp: g => [g],
    onnx: (_, [x], writer) => writer.add('CumSum', [x, writer.scalar(1, 'int32')]),
  })
  const port: OnnxPort = { dtype: 'float32', shape: ['batch', 3] }
  const model = await exported(
    ({ x }) => ({ y: cumulative([x], x.shape, x.dtype, undefined) }),
    { x: port },
    { y: port },
  )
  const { y } = await run(model, { x: { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] } })
  t.deepEqual([...y.data], [1, 3, 6, 4, 9, 15])
})
