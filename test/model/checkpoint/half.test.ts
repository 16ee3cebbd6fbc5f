import fc from 'fast-check'
import test from 'tape'
import {
  fromHalves,
  greatestHalf,
  narrowToHalves,
  toHalves,
  widenHalves,
} from '../../../model/checkpoint/index.js'

const all = fromHalves(Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits))

test('numbers of 16 bits: all come back, and are what IEEE 754 says', t => {
  const bits = toHalves(all)
  t.ok(
    all.every((value, i) => (Number.isNaN(value) ? bits[i] === 0x7e00 : bits[i] === i)),
    'there and back',
  )
  const known: readonly [number, number][] = [
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, greatestHalf],
    [0xfc00, Number.NEGATIVE_INFINITY],
  ]
  for (const [half, value] of known) t.equal(all[half], value)
  t.end()
})

test('numbers of 16 bits: rounded to the nearest, ties to even', t => {
  const positive = all.subarray(0, 0x7c00) // ascending
  fc.assert(
    fc.property(fc.float({ min: Math.fround(-65000), max: Math.fround(65000), noNaN: true }), value => {
      const [half] = toHalves(Float32Array.of(value))
      const index = half & 0x7fff
      const error = Math.abs(Math.abs(value) - positive[index])
      const others = [positive[index - 1] ?? Number.POSITIVE_INFINITY, positive[index + 1]]
      return (
        half >> 15 === Number(value < 0 || Object.is(value, -0)) &&
        others.every(other => {
          const distance = Math.abs(Math.abs(value) - other)
          return error < distance || (error === distance && index % 2 === 0)
        })
      )
    }),
    { numRuns: 2000 },
  )
  t.deepEqual([...toHalves(Float32Array.of(65519, 65520, -1e9))], [0x7bff, 0x7c00, 0xfc00])
  t.deepEqual([...toHalves(Float32Array.of(2 ** -25, 2 ** -25 * 1.01, 1 + 2 ** -11))], [0, 1, 0x3c00])
  t.end()
})

test('tensors are narrowed only where no value changes', t => {
  const tensors = (...values: number[]) =>
    new Map([
      ['a', { dtype: 'F32' as const, shape: [2], data: Float32Array.of(1, 0.5) }],
      ['b', { dtype: 'F32' as const, shape: [values.length], data: Float32Array.from(values) }],
    ])
  const exact = tensors(0.25, -3)
  const narrowed = narrowToHalves(exact)
  t.deepEqual(
    [...narrowed.values()].map(({ dtype }) => dtype),
    ['F16', 'F16'],
  )
  t.deepEqual(widenHalves(narrowed), exact)
  const other = tensors(0.1)
  t.equal(narrowToHalves(other), other)
  t.end()
})
