import test from 'tape'
import { elementwise, expr as s, type Tensor, tensor } from '../../../engine/index.js'
import { gradcheck } from '../../../engine/testing/index.js'

test('gradcheck finds a wrong derivative and says where', async t => {
  const wrong = (x: Tensor) => x.mul(x.detach())
  const error = await gradcheck(wrong, [tensor([[1, 2]])]).catch((e: Error) => e.message)
  t.match(String(error), /gradcheck: input 0 at \[0,0\]: analytic derivative .*, numeric /)
  t.end()
})

test('gradcheck finds a second derivative that is wrong where the first is right', async t => {
  const hidden = elementwise('squareWithConstantSlope', {
    expr: x => s.mul(x, x),
    vjp: (g, [x]) => [g.mul(x.detach().mul(2))],
  })
  const check = (second: boolean) =>
    gradcheck(x => hidden(x), [tensor([0.5, -2])], { second }).then(
      () => 'right',
      (e: Error) => e.message,
    )
  t.equal(await check(false), 'right')
  t.match(await check(true), /^gradcheck of the gradients: input 0 at \[0\]: analytic derivative 0, numeric /)
})

test('gradcheck leaves its inputs as they were, and passes integers on', async t => {
  const [x, index] = [
    tensor([
      [1, 2],
      [3, 4],
    ]),
    tensor([1, 0], { dtype: 'int32' }),
  ]
  await gradcheck((table, i) => table.gather(i).square(), [x, index])
  t.deepEqual(await x.array(), [
    [1, 2],
    [3, 4],
  ])
  t.equal(x.dtype, 'float32')
  t.deepEqual(await index.array(), [1, 0])
})
