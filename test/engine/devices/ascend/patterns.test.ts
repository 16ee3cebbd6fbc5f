import test from 'tape'
import { combined } from '../../../../engine/devices/ascend/patterns.js'
import { mapKernel } from '../../../../engine/kernel/build.js'
import { add, type Expr, mul, neg } from '../../../../engine/kernel/expr.js'
import type { Input } from '../../../../engine/kernel/kernel.js'
import { contiguousView } from '../../../../engine/kernel/shape.js'

const float32: Input = { dtype: 'float32', view: contiguousView([4]) }

/** The operations of a body of two inputs that are left. */
function operations(body: (g: Expr, y: Expr) => Expr, input = float32): string {
  const kernel = mapKernel([4], [input, input], body)
  const lines = combined(
    kernel.body,
    kernel.outputs.map(({ value }) => value),
  )
  return lines.flatMap(({ op }) => (['input', 'const', 'unused'].includes(op) ? [] : [op])).join()
}

test('lines that one operator computes', t => {
  const ofTanh = (y: Expr) => add(neg(mul(y, y)), 1)
  const ofSigmoid = (y: Expr) => mul(y, add(neg(y), 1))
  t.equal(
    operations((g, y) => mul(g, ofTanh(y))),
    'tanhBackward',
  )
  t.equal(
    operations((g, y) => mul(ofSigmoid(y), g)),
    'sigmoidBackward',
  )
  t.equal(
    operations((g, y) => mul(g, mul(add(1, neg(y)), y))),
    'sigmoidBackward',
    'in either order',
  )
  t.equal(
    operations((a, b) => add(neg(a), b)),
    'sub',
  )
  t.end()
})

test('lines that are left as they are', t => {
  t.equal(
    operations((g, y) => {
      const factor = add(neg(mul(y, y)), 1)
      return add(mul(g, factor), factor)
    }),
    'mul,sub,mul,add',
    'a factor that others use',
  )
  t.equal(
    operations((g, y) => mul(g, mul(y, add(neg(y), 2)))),
    'sub,mul,mul',
    'another constant',
  )
  t.equal(
    operations((g, y) => mul(g, mul(g, add(neg(y), 1)))),
    'sub,mul,mul',
    'another factor',
  )
  t.equal(
    operations((g, y) => mul(g, add(neg(mul(y, y)), 1)), { ...float32, dtype: 'int32' }),
    'mul,sub,mul',
    'integers',
  )
  t.equal(
    operations(a => {
      const negative = neg(a)
      return add(negative, negative)
    }),
    'neg,add',
    'a negative that is used twice',
  )
  t.end()
})
