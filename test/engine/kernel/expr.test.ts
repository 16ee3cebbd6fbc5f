import fc from 'fast-check'
import test from 'tape'
import type { DType } from '../../../engine/kernel/dtype.js'
import * as s from '../../../engine/kernel/expr.js'

/** The value of an expression of inputs, by `evaluate`. */
function value(e: s.Expr, inputs: readonly number[]): number {
  if (e.op === 'input') return inputs[e.value]
  if (e.op === 'const') return e.value
  const [a, b, c] = e.args.map(arg => value(arg, inputs))
  return s.evaluate({ op: e.op, dtype: e.dtype, args: [], value: 0 }, a, b, c)
}

const x = s.input(0, 'float32')
const i = s.input(0, 'int32')
const on =
  (dtype: DType, f: (a: s.Expr, b: s.Expr) => s.Expr) =>
  (a: number, b: number): number =>
    value(f(s.input(0, dtype), s.input(1, dtype)), [a, b])

test('numbers take the dtype of the expression beside them; other dtypes do not mix', t => {
  t.equal(s.add(i, 1).args[1].dtype, 'int32')
  t.equal(s.mul(2, x).args[0].dtype, 'float32')
  t.equal(s.select(i, x, 0).dtype, 'float32', 'the condition may be of another dtype')
  t.throws(() => s.add(i, x), /add: int32 and float32 do not mix; cast one of them first/)
  t.throws(() => s.add(1, 2), /add: two plain numbers; give at least one expression/)
  t.throws(() => s.exp(i), /exp: needs a float, got int32; cast it first/)
  t.throws(() => s.div(i, 2), /div: needs floats, got int32; cast first/)
  t.throws(() => s.and(x, 1), /and: needs int32, got float32/)
  t.equal(s.cast(x, 'float32'), x, 'a cast to the same dtype is none')
  t.end()
})

test('integers wrap as int32 does', t => {
  const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
  const wrapped = (n: bigint) => Number(BigInt.asIntN(32, n))
  const [add, sub, mul] = [s.add, s.sub, s.mul].map(op => on('int32', op))
  fc.assert(
    fc.property(int, int, (a, b) => {
      const [m, n] = [BigInt(a), BigInt(b)]
      return (
        add(a, b) === wrapped(m + n) &&
        sub(a, b) === wrapped(m - n) &&
        mul(a, b) === wrapped(m * n) &&
        value(s.neg(i), [a]) === wrapped(-m) &&
        value(s.abs(i), [a]) === wrapped(m < 0n ? -m : m) &&
        value(s.shr(i, 7), [a]) === Number(BigInt.asUintN(32, m) >> 7n) &&
        value(s.and(i, b), [a]) === wrapped(m & n)
      )
    }),
  )
  t.equal(value(s.neg(i), [-(2 ** 31)]), -(2 ** 31), 'the least has no opposite')
  t.end()
})

test('casts to int32 truncate, saturate, and take NaN for 0', t => {
  const toInt = (a: number) => value(s.cast(x, 'int32'), [a])
  t.deepEqual([1.9, -1.9, 1e20, -1e20, Number.NaN, Infinity].map(toInt), [
    1,
    -1,
    2 ** 31 - 1,
    -(2 ** 31),
    0,
    2 ** 31 - 1,
  ])
  t.end()
})

test('NaN goes through minima and maxima, and compares with nothing', t => {
  const nan = Number.NaN
  t.ok(Number.isNaN(on('float32', s.min)(nan, 1)) && Number.isNaN(on('float32', s.max)(1, nan)))
  for (const compare of [s.eq, s.lt, s.le]) t.equal(on('float32', compare)(nan, nan), 0)
  t.equal(value(s.select(s.lt(x, 0), 1, s.sqrt(x)), [-4]), 1, 'the side not chosen may be NaN')
  t.end()
})

test('an expression that is used twice is one line, however often what it is used in is used', t => {
  let e: s.Expr = x
  for (let i = 0; i < 60; i++) e = s.add(e, s.mul(e, 0.5))
  const body: s.Instr[] = []
  const last = s.flatten(e, [7], instr => {
    body.push(instr)
    return 100 + body.length
  })
  t.equal(body.length, 3 * 60, 'a constant, a product and a sum each')
  t.equal(last, 100 + 3 * 60)
  t.deepEqual(body.find(({ op }) => op === 'mul')?.args[0], 7, 'inputs are the lines that they are told')
  t.end()
})

test('lines are printed for people', t => {
  const line = (op: s.Instr['op'], args: number[], number = 0, dtype: DType = 'float32') =>
    s.printInstr({ op, dtype, args, value: number })
  t.deepEqual(
    [line('input', [], 2), line('const', [], 0.5), line('add', [0, 1]), line('cast', [3], 0, 'int32')],
    ['in2', '0.5', 'add(%0, %1)', 'int32(%3)'],
  )
  t.throws(() => s.evaluate({ op: 'const', dtype: 'float32', args: [], value: 1 }, 0, 0, 0), /const has no/)
  t.end()
})
