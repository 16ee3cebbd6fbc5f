import test from 'tape'
import { explain, type Outline, outline, type Tensor, zeros } from '../../../engine/index.js'
import { lossGradient, parameters, steps, xs } from './smallLstm.js'

const kindsOf = (kernels: Outline['kernels']): string[] => kernels.map(({ kind }) => kind)

test('an outline has the kernels that explain prints', t => {
  const { kernels, remarks } = outline(lossGradient, [parameters, xs])
  const text = explain(lossGradient, [parameters, xs])
  for (const kernel of kernels) t.ok(text.includes(kernel.text), kernel.kind)
  const loops = kernels.flatMap(({ loop }) => loop ?? [])
  t.deepEqual(
    loops.map(({ steps, reverse, kernels }) => [steps, reverse, ...kindsOf(kernels)]),
    [
      [steps, false, 'matmul', 'map'],
      [steps, true, 'map', 'matmul'],
    ],
  )
  t.deepEqual(loops[0].kernels[1].after, [0], 'in a step, the map reads what the product wrote')
  t.ok(remarks.some(({ pass }) => pass === 'differentiate'))
  t.end()
})

test('in an outline a kernel comes after those whose results it reads', t => {
  const x = zeros([2, 2])
  const { kernels } = outline(
    (x: Tensor) =>
      x
        .matmul(x)
        .exp()
        .matmul(x.matmul(x.add(1))),
    [x],
  )
  const last = kernels[kernels.length - 1]
  t.equal(last.kind, 'matmul')
  t.equal(last.after.length, 2, 'of the last product both operands are computed')
  kernels.forEach(({ after }, i) => {
    for (const position of after) t.ok(position < i, `${i} after ${position}`)
  })
  t.deepEqual(kernels[0].after, [], 'the first reads arguments alone')
  t.end()
})
