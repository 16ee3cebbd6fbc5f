import fc from 'fast-check'
import test from 'tape'
import { gradients, setDefaultDevice, tensor } from '../../engine/index.js'
import { isFloat } from '../../engine/kernel/dtype.js'
import { applyCase, casesOf, inputsOf, isSmooth, sampledOps } from '../../engine/testing/generators/index.js'
import { gradcheck } from '../../engine/testing/index.js'
import './allCells.js'
import { runs } from './effort.js'

// Generated: first and second derivatives of every differentiable operation against central differences in float64.

setDefaultDevice('reference')

const differentiable = sampledOps().filter(op => (op.kind === 'elementwise' ? op.vjp !== undefined : true))

for (const op of differentiable)
  test(`derivatives of ${op.name}`, async t => {
    let checked = 0
    const property = fc.asyncProperty(casesOf(fc, op), async drawn => {
      const inputs = inputsOf(drawn, 'float64')
      // Nothing to differentiate, or rounded to float32 on the way: no finite differences.
      if (!inputs.some(x => isFloat(x.dtype)) || applyCase(drawn, inputs).dtype !== 'float64') return
      fc.pre(await isSmooth(drawn))
      await gradcheck((...xs) => applyCase(drawn, xs), inputs, { second: true, tolerance: 2e-5 })
      checked++
    })
    await fc.assert(property, { numRuns: runs(8), includeErrorInReport: true })
    t.pass(`${checked} uses`)
  })

test('gradients of what does not depend on a tensor are zeros', async t => {
  const [x, y] = [tensor([1, 2]), tensor([3, 4])]
  t.deepEqual(await gradients(x.sum(), { x, y }).y.array(), [0, 0])
  t.end()
})

test('gradients are total derivatives, also where one tensor is made from another', async t => {
  const x = tensor(2)
  const h = x.square()
  const g = gradients(h.mul(x).add(h), { x, h })
  t.deepEqual([await g.x.item(), await g.h.item()], [3 * 4 + 2 * 2, 3])
  t.end()
})

test('gradients want a scalar of floats', t => {
  const x = tensor([1, 2])
  t.throws(() => gradients(x, x), /gradients: of a tensor \[2\]; reduce it to a scalar first/)
  const i = tensor([1, 2], { dtype: 'int32' })
  t.throws(() => gradients(x.sum(), i), /is not a float and has no derivative/)
  t.end()
})

test('gradcheck finds a wrong derivative and says where', async t => {
  const wrong = (x: ReturnType<typeof tensor>) => x.mul(x.detach())
  const error = await gradcheck(wrong, [tensor([[1, 2]])]).catch((e: Error) => e.message)
  t.match(String(error), /gradcheck: input 0 at \[0,0\]: analytic derivative .*, numeric /)
  t.end()
})
