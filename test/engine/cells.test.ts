import test from 'tape'
import { concat, defineCell, elementwise, expr as s } from '../../engine/index.js'
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
