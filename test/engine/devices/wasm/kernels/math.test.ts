import test from 'tape'
import { plainTarget } from '../../../../../engine/devices/wasm/assembly/target.js'
import type { Instr, ScalarOp } from '../../../../../engine/kernel/expr.js'
import { openWasm, runOn, testTarget } from '../support.js'

const targets = [testTarget(), plainTarget]

/** Floats of both signs: 64 of every exponent from the least denormal to the largest, and those around integers. */
function floats(): Float32Array {
  const bits: number[] = []
  for (let exponent = 0; exponent < 255; exponent++)
    for (let i = 0; i < 64; i++) {
      const mantissa = i === 0 ? 0 : i === 63 ? 0x7fffff : Math.imul(i * 256 + exponent, 0x9e3779b1) >>> 9
      bits.push((exponent << 23) | mantissa)
    }
  const positive = new Float32Array(new Int32Array(bits).buffer)
  const ramp = Float32Array.from({ length: 250_000 }, (_, i) => i * 4.3e-4)
  return new Float32Array([...positive, ...positive.map(x => -x), ...ramp, ...ramp.map(x => -x)])
}

const input: Instr = { op: 'input', dtype: 'float32', args: [], value: 0 }

const apply = (op: ScalarOp, x: Float32Array, target = targets[0]): Promise<Float32Array> =>
  compute([input, { op, dtype: 'float32', args: [0], value: 0 }], x, target)

/** The last line of a body, of every element. */
async function compute(body: readonly Instr[], x: Float32Array, target = targets[0]): Promise<Float32Array> {
  const shape = [x.length]
  const [, y] = await runOn(
    openWasm({}, target),
    {
      kind: 'map',
      shape,
      inputs: [{ dtype: 'float32', view: { offset: 0, strides: [1] } }],
      body,
      outputs: [{ dtype: 'float32', view: { offset: 0, strides: [1] }, value: body.length - 1 }],
    },
    [x, new Float32Array(x.length)],
  )
  return y as Float32Array
}

const leastNormal = 2 ** -126

/** The largest relative error over the arguments whose true value is a normal float. */
function worst(x: Float32Array, y: Float32Array, exact: (x: number) => number) {
  let error = 0
  let at = 0
  x.forEach((a, i) => {
    const want = exact(a)
    if (!(Math.abs(want) >= leastNormal && Number.isFinite(Math.fround(want)))) return
    const e = Math.abs(y[i] / want - 1)
    if (!(e <= error)) [error, at] = [e, a]
  })
  return { error, at }
}

const { POSITIVE_INFINITY: inf, NaN: nan } = Number

/** NaNs with every bit of their payload set in turn, of both signs. */
const nans = new Float32Array(
  new Uint32Array(
    [0x7f800000, 0xff800000].flatMap(top => Array.from({ length: 23 }, (_, bit) => top | (1 << bit))),
  ).buffer,
)

for (const target of targets) {
  const name = target.relaxed ? 'relaxed' : 'plain'

  test(`wasm math, ${name}: NaN stays NaN, whatever its bits`, async t => {
    for (const op of ['exp', 'log', 'tanh', 'sigmoid'] as const)
      t.ok((await apply(op, nans, target)).every(Number.isNaN), op)
  })

  test(`wasm math, ${name}: exp`, async t => {
    const x = floats()
    const y = await apply('exp', x, target)
    const { error, at } = worst(x, y, Math.exp)
    t.ok(error < 1.3e-7, `relative error ${error} at ${at}`)
    x.forEach((a, i) => {
      const want = Math.exp(a)
      if (want < leastNormal && !(y[i] >= 0 && y[i] <= leastNormal)) t.fail(`exp(${a}) = ${y[i]}, not 0`)
      if (Math.fround(want) === inf && y[i] !== inf) t.fail(`exp(${a}) = ${y[i]}, not infinity`)
    })
    t.deepEqual(
      [...(await apply('exp', new Float32Array([0, -0, inf, -inf, nan]), target))],
      [1, 1, inf, 0, nan],
    )
    t.end()
  })

  test(`wasm math, ${name}: log`, async t => {
    const x = floats().filter(a => a > 0)
    const { error, at } = worst(x, await apply('log', x, target), Math.log)
    t.ok(error < 1.5e-7, `relative error ${error} at ${at}`)
    const special = await apply('log', new Float32Array([0, -0, 1, -1, -1e-40, inf, -inf, nan]), target)
    t.deepEqual([...special], [-inf, -inf, 0, nan, nan, inf, nan, nan])
    t.end()
  })

  test(`wasm math, ${name}: log of what is known to be no denormal is the same`, async t => {
    const x = new Float32Array([...floats().filter(a => a >= leastNormal), inf, ...nans])
    const known = await compute(
      [
        input,
        { op: 'const', dtype: 'float32', args: [], value: leastNormal },
        { op: 'max', dtype: 'float32', args: [0, 1], value: 0 },
        { op: 'log', dtype: 'float32', args: [2], value: 0 },
      ],
      x,
      target,
    )
    const any = await apply('log', x, target)
    t.equal(
      known.findIndex((y, i) => !Object.is(y, any[i])),
      -1,
    )
    t.end()
  })

  test(`wasm math, ${name}: tanh`, async t => {
    const x = floats()
    const y = await apply('tanh', x, target)
    const { error, at } = worst(x, y, Math.tanh)
    t.ok(error < 3e-7, `relative error ${error} at ${at}`)
    const negated = await apply(
      'tanh',
      x.map(a => -a),
      target,
    )
    t.ok(
      y.every((v, i) => v === -negated[i]),
      'odd',
    )
    t.ok(
      y.every((v, i) => Math.abs(v) <= 1 && (Math.abs(x[i]) < 9.02 || v === Math.sign(x[i]))),
      'never beyond ±1, and exactly that from ±9.02 on',
    )
    t.deepEqual(
      [...(await apply('tanh', new Float32Array([0, -0, inf, -inf, nan]), target))],
      [0, -0, 1, -1, nan],
    )
    t.end()
  })

  test(`wasm math, ${name}: sigmoid`, async t => {
    const x = floats()
    const y = await apply('sigmoid', x, target)
    const exact = (a: number) => 1 / (1 + Math.exp(-a))
    const inside = (_: unknown, i: number) => x[i] >= -87.33
    const { error, at } = worst(x.filter(inside), y.filter(inside), exact)
    t.ok(error < 2e-7, `relative error ${error} at ${at}`)
    t.ok(
      y.every((v, i) => v >= 0 && v <= 1 && (x[i] < 17.4 || v === 1) && (x[i] > -87.33 || v < 1.3e-38)),
      'between 0 and 1, exactly 1 from 17.4 on, nothing below -87.33',
    )
    t.deepEqual(
      [...(await apply('sigmoid', new Float32Array([0, -0, inf, -inf, nan]), target))],
      [0.5, 0.5, 1, 0, nan],
    )
    t.end()
  })
}
