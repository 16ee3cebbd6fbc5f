import test from 'tape'
import { concat, defineCell, elementwise, expr as s, type Tensor } from '../../../engine/index.js'
import { cellArithmetic, checkCell } from '../../../engine/testing/index.js'

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
  t.match(
    message,
    /parameter 'kernel' at \[[\d,]+\]: analytic derivative \S+, numeric \S+ \(/,
    'and the derivatives',
  )
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

test('checkCell tells values from derivatives that are not finite', async t => {
  const cell = (next: (h: Tensor) => Tensor) =>
    defineCell({
      name: 'odd',
      parameters: ({ hidden }) => ({ bias: [hidden] }),
      carry: ['h'],
      step: ({ bias }, { h }, x) => {
        const out = next(h.add(bias).add(x.sum(1, true)))
        return { carry: { h: out }, out }
      },
    })
  const says = (next: (h: Tensor) => Tensor) => checkCell(cell(next)).catch((e: Error) => e.message)
  t.match(
    String(await says(h => h.log())),
    /cell 'odd': \S+ at \[.*\] is (NaN|-Infinity) after \d steps, with parameters, carry and inputs between -1 and 1/,
  )
  t.match(
    String(await says(h => h.mul(0).sqrt().add(h))),
    / at \[[\d,]+\]: analytic derivative NaN, numeric \S+ \(.*; the function is finite: somewhere 0 meets an infinite factor/,
  )
})

test('checkCell finds a step that is another one in a scan than in a plain loop', async t => {
  // What a step remembers from outside is remembered once where the body is traced once.
  let traces = 0
  const cell = defineCell({
    name: 'impure',
    parameters: ({ hidden }) => ({ bias: [hidden] }),
    carry: ['h'],
    step: ({ bias }, { h }) => {
      const next = h.add(bias).mul(1 + (traces++ % 5))
      return { carry: { h: next }, out: next }
    },
  })
  const message = String(await checkCell(cell).catch((e: Error) => e.message))
  t.match(
    message,
    /cell 'impure': scan and the plain loop differ in .*: element \d+ is \S+, in the plain loop \S+/,
  )
})

test('cellArithmetic counts products and maps, forward and backward', t => {
  const cell = defineCell({
    name: 'linear',
    parameters: ({ input, hidden }) => ({ kernel: [input, hidden] }),
    carry: [],
    step: ({ kernel }, _, x) => ({ carry: {}, out: x.matmul(kernel) }),
  })
  const [batch, input, hidden] = [5, 3, 7]
  // The gradient of the parameters alone is asked for: one product, 2 operations for each of its terms.
  t.equal(cellArithmetic(cell, hidden, batch, input), 2 * batch * input * hidden)
  t.equal(cellArithmetic(cell, hidden, batch, input, 'score'), 2 * batch * input * hidden, 'forward alone')
  t.end()
})
