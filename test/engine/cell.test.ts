import test from 'tape'
import {
  concat,
  defineCell,
  elementwise,
  full,
  randomKey,
  runCell,
  expr as s,
  zeros,
} from '../../engine/index.js'
import { checkCell } from '../../engine/testing/index.js'
import { findCell, shippedCells } from '../../model/index.js'

// Every cell in model/cells, or the one of `npm test -- --cell NAME`.
const asked = process.env.XENOGRAD_TEST_CELL
const cells = asked ? [await findCell(asked)] : await shippedCells()

for (const cell of cells)
  test(`cell ${cell.name}`, async t => {
    await checkCell(cell, { runs: asked ? 40 : 10 })
    t.pass('gradients equal differences, scan equals the plain loop')
  })

test('checkCell finds a wrong derivative, and prints the smallest case with its seed', async t => {
  const wrong = elementwise('wrongTanh', { expr: x => s.tanh(x), vjp: (g, _, y) => [g.mul(y)] })
  const cell = defineCell({
    name: 'wrong',
    parameters: ({ input, hidden }) => ({ kernel: [input + hidden, hidden] }),
    carry: ['h'],
    step: ({ kernel }, { h }, x) => {
      const next = wrong(concat([x, h], 1).matmul(kernel))
      return { carry: { h: next }, out: next }
    },
  })
  const message = String(await checkCell(cell).catch((e: Error) => e.message))
  t.match(message, /"batch":1,"input":1,"hidden":1,"steps":1/, 'shrunk to sizes of 1')
  t.match(message, /seed: -?\d+, path: "/, 'with what repeats it')
  t.match(message, /analytic derivative .* numeric/, 'and the derivatives')
})

test('every use of dropout, and every step, draws a mask of its own', async t => {
  const cell = defineCell({
    name: 'masks',
    parameters: () => ({}),
    carry: ['h'],
    step: (_, { h }, x, dropout) => ({ carry: { h }, out: dropout(x).add(dropout(x).mul(10)) }),
  })
  const [steps, width] = [20, 50]
  const xs = full([steps, 1, width], 1)
  const { out } = runCell(cell, {}, { h: zeros([1, width]) }, xs, { rate: 0.5, key: randomKey(1) })
  const values = [...(await out.mul(0.5).data())].map(Math.round)
  // Both uses keep or drop independently: 0, 1, 10 and 11 are equally likely.
  for (const kind of [0, 1, 10, 11]) {
    const share = values.filter(v => v === kind).length / values.length
    t.ok(Math.abs(share - 0.25) < 0.06, `${kind}: ${share}`)
  }
  const rows = Array.from({ length: steps }, (_, i) => `${values.slice(i * width, (i + 1) * width)}`)
  t.equal(new Set(rows).size, steps, 'no two steps alike')
})

test('checkCell says in one line when a shape is wrong', async t => {
  const cell = defineCell({
    name: 'narrow',
    parameters: ({ input, hidden }) => ({ kernel: [input + hidden, hidden] }),
    carry: ['h'],
    step: ({ kernel }, { h }, x) => {
      const next = concat([x, h], 1).matmul(kernel).sum(1, true)
      return { carry: { h: next }, out: next }
    },
  })
  const message = String(await checkCell(cell).catch((e: Error) => e.message))
  t.match(message, /cell 'narrow': h is \[1,1\] after a step, wanted \[1,2\] \[batch, hidden\]/)
})
