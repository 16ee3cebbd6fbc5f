import test from 'tape'
import { elementwise, expr, mapKernel, operation, registeredOps, type Tensor } from '../../../engine/index.js'
import { checkOperation } from '../../../engine/testing/index.js'
import '../allCells.js'
import { runs } from '../../effort.js'

// What the record of every operation promises: its derivatives, and its rules for loops. Devices are tested by the
// conformance suite.

for (const { name, sample } of registeredOps())
  if (sample)
    test(`the record of ${name} is right`, async t => {
      for (const line of await checkOperation(name, { runs: runs(8), devices: [] })) t.pass(line)
    })

test('every operation is tested', t => {
  const without = registeredOps().filter(op => !op.sample)
  t.deepEqual(
    without.map(op => op.name),
    [],
    'all registered operations say how to draw a use of them',
  )
  t.ok(registeredOps().length >= 35, `${registeredOps().length} operations`)
  t.end()
})

const failure = (name: string) =>
  checkOperation(name, { devices: [] }).then(
    () => 'nothing',
    (error: Error) => error.message,
  )

test('checkOperation finds a wrong derivative, and wrong rules for loops', async t => {
  elementwise('wrongDerivative', { expr: x => expr.mul(x, x), vjp: (g, [x]) => [g.mul(x)], sample: {} })
  t.match(await failure('wrongDerivative'), /not so: derivatives .*\n[\s\S]*analytic derivative .*, numeric/)

  elementwise('notLinear', {
    expr: x => expr.mul(x, x),
    vjp: (g, [x]) => [g.mul(x.mul(2))],
    linearIn: [[0]],
    sample: { min: 1, max: 2 },
  })
  t.match(
    await failure('notLinear'),
    /not so: it is linear and summed as its record says.*\n[\s\S]*linearIn \[0\]/,
  )

  const wrongAtSteps: ReturnType<typeof operation<undefined>> = operation<undefined>('wrongAtSteps', {
    launches: ({ shape, dtype }, [view]) => [
      { kernel: mapKernel(shape, [{ dtype, view }], x => expr.mul(x, 2)), args: [0, 'out'] },
    ],
    vjp: g => [g.mul(2)],
    // One doubling too many.
    overSteps: (node, [x]) =>
      wrongAtSteps([x.stacked().reshape(-1).mul(2)], [3 * node.size], node.dtype, undefined).reshape(3, -1),
    sample: draw => ({
      inputs: [{ shape: [draw.int(1, 3)] }],
      apply: (x: Tensor): Tensor => wrongAtSteps([x], x.shape, x.dtype, undefined),
    }),
  })
  t.match(await failure('wrongAtSteps'), /not so: at all steps of a loop at once.*\n[\s\S]*in the plain loop/)
})

test('checkOperation finds a wrong box', async t => {
  const wrongBox: ReturnType<typeof operation<undefined>> = operation<undefined>('wrongBox', {
    launches: ({ shape, dtype }, [view]) => [
      { kernel: mapKernel(shape, [{ dtype, view }], x => expr.mul(x, 2)), args: [0, 'out'] },
    ],
    vjp: g => [g.mul(2)],
    overSteps: (t, [x], steps) => wrongBox([x.stacked()], [steps, ...t.shape], t.dtype, undefined),
    linearIn: () => [[0]],
    // The first elements, wherever the box is.
    boxInputs: ({ inputs: [x] }, _, [size]) => [x.slice(0, 0, size)],
    sample: () => ({
      inputs: [{ shape: [5] }],
      apply: (x: Tensor): Tensor => wrongBox([x], x.shape, x.dtype, undefined),
    }),
  })
  t.match(await failure('wrongBox'), /not so: boxes of it are what its record says.*\n[\s\S]*boxInputs \{/)
})

test('checkOperation says what it cannot test', async t => {
  t.match(await failure('nosuch'), /there is no operation 'nosuch'; define it first/)
})
