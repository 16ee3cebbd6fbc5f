import test from 'tape'
import { compile, elementwise, expr as s, type Tensor, tensor } from '../../../engine/index.js'
import type { MapKernel } from '../../../engine/kernel/kernel.js'
import { kernelsOf, placeholderOf } from './support.js'

/** The only kernel that computes some tensors, a map. */
function mapOf(...outputs: Tensor[]): MapKernel {
  const [kernel, ...others] = kernelsOf(outputs)
  if (kernel.kind !== 'map' || others.length) throw new Error('one map is expected')
  return kernel
}

const opsOf = ({ body }: MapKernel): string => body.map(({ op }) => op).join(' ')

test('an array that several operations read is one input, seen through each view once', t => {
  const x = placeholderOf(4, 4)
  const kernel = mapOf(x.add(x).mul(x.transpose()).sub(x.transpose()))
  t.deepEqual(
    kernel.inputs.map(({ view }) => view.strides),
    [
      [4, 1],
      [1, 4],
    ],
  )
  t.equal(opsOf(kernel), 'input add input mul sub')
  t.end()
})

test('scalar instructions that are the same are one, also in different operations', t => {
  const double = elementwise('doubleForTest', { expr: x => s.mul(x, 2) })
  const square = elementwise('squareOfDoubleForTest', { expr: x => s.mul(s.mul(x, 2), s.mul(x, 2)) })
  const x = placeholderOf(4)
  t.equal(opsOf(mapOf(double(x), square(x))), 'input const mul mul', 'x * 2 once')
  t.end()
})

test('a value that is wanted in two places is written to both in one pass', t => {
  const y = placeholderOf(4).exp()
  const kernel = mapOf(y, y)
  t.equal(opsOf(kernel), 'input exp')
  t.equal(kernel.outputs.length, 2)
  t.end()
})

test('constants that JSON does not tell apart are told apart', async t => {
  for (const name of ['wasm', 'reference']) {
    const bounds = compile(
      (x: Tensor) => [x.min2(Infinity).max2(-Infinity), x.add(NaN), x.mul(0), x.mul(-0)],
      {
        device: name,
      },
    )
    const [same, none, plus, minus] = bounds(tensor([2, 3]))
    t.deepEqual([...(await same.data())], [2, 3], name)
    t.ok((await none.data()).every(Number.isNaN), name)
    t.ok(Object.is((await plus.data())[0], 0) && Object.is((await minus.data())[0], -0), name)
  }
})
