import test from 'tape'
import { explain, oneHot, randomKey, scan, type Tensor, uniform, zeros } from '../../../engine/index.js'
import { bodyOf, kindsOf, loopsOf } from '../lower/support.js'
import { kernelsFor } from './support.js'

const [steps, batch, width] = [6, 3, 4]
const args = { w: zeros([width, width]), h: zeros([batch, width]), xs: zeros([steps, batch, width]) }
type Args = typeof args

test('products of inputs are one product before the loop', t => {
  const kernels = kernelsFor(
    ({ w, h, xs }: Args) =>
      scan((h: Tensor, x: Tensor) => ({ carry: h.mul(x.matmul(w)).tanh(), out: h }), h, xs).carry,
    args,
  )
  t.equal(kindsOf(kernels).split(' ')[0], 'matmul')
  t.deepEqual(loopsOf(kernels).map(bodyOf), ['map'])
  const [product] = kernels
  t.ok(product.kind === 'matmul' && product.m === steps * batch, 'of the rows of all steps')
  t.end()
})

test('what a carry matters for stays', t => {
  const kernels = kernelsFor(
    ({ w, h, xs }: Args) =>
      scan((h: Tensor, x: Tensor) => ({ carry: h.add(x).matmul(w).tanh(), out: h }), h, xs).carry,
    args,
  )
  t.equal(kindsOf(kernels.filter(({ kind }) => kind === 'matmul')), '')
  t.ok(loopsOf(kernels).map(bodyOf)[0].includes('matmul'))
  t.end()
})

test('maps of inputs stay: stacking them would cost more than computing them where they are used', t => {
  const kernels = kernelsFor(
    ({ h, xs }: Args) =>
      scan((h: Tensor, x: Tensor) => ({ carry: h.mul(x.tanh()).exp(), out: h }), h, xs).carry,
    args,
  )
  t.deepEqual(loopsOf(kernels).map(bodyOf), ['map'])
  t.notOk(kernels.some(kernel => kernel.kind === 'map' && kernel.shape[0] === steps))
  t.end()
})

test('random bits of the step are drawn before the loop, for all steps at once', t => {
  const key = randomKey(1)
  const text = explain(
    ({ h, xs }: Args) =>
      scan(
        (h: Tensor, { x, t }: { x: Tensor; t: Tensor }) => ({
          carry: h.mul(x).add(uniform(key, [batch, width], t)),
          out: h,
        }),
        h,
        { x: xs, t: zeros([steps], 'int32') },
      ).carry,
    [args],
  )
  t.match(text, /^randomBits 6x12$/m)
  t.match(text, /^ {2}6 steps, each 1 map$/m)
  t.end()
})

test('a one-hot input of a product becomes rows of the matrix', t => {
  const kernels = kernelsFor(
    ({ w, h, tokens }: { w: Tensor; h: Tensor; tokens: Tensor }) =>
      scan((h: Tensor, x: Tensor) => ({ carry: h.add(w.gather(x)).tanh(), out: h }), h, tokens).carry,
    { w: args.w, h: args.h, tokens: zeros([steps, batch], 'int32') },
  )
  t.equal(kindsOf(kernels.filter(({ kind }) => kind === 'gather')), 'gather', 'one, of all steps')
  t.deepEqual(loopsOf(kernels).map(bodyOf), ['map'])
  t.deepEqual(oneHot(zeros([2], 'int32'), 3).shape, [2, 3])
  t.end()
})

test('what only outputs are made of is one operation after the loop, from what the loop keeps', t => {
  const kernels = kernelsFor(
    ({ w, h, xs }: Args) =>
      scan(
        (h: Tensor, x: Tensor) => {
          const next = h.mul(x).tanh()
          return { carry: next, out: next.matmul(w).sigmoid() }
        },
        h,
        xs,
      ).out,
    args,
  )
  t.deepEqual(loopsOf(kernels).map(bodyOf), ['map'])
  const after = kernels.slice(kernels.findIndex(({ kind }) => kind === 'loop') + 1)
  t.equal(kindsOf(after), 'matmul map')
  t.end()
})

test('an output that is a map alone stays in the loop, which has its operands at hand', t => {
  const kernels = kernelsFor(
    ({ h, xs }: Args) =>
      scan((h: Tensor, x: Tensor) => ({ carry: h.mul(x).tanh(), out: h.exp() }), h, xs).out,
    args,
  )
  t.ok(kindsOf(kernels).endsWith('loop'), kindsOf(kernels))
  t.end()
})

test('a loop whose carry depends on nothing costly is as it was', t => {
  const text = explain(
    ({ h, xs }: Args) => scan((h: Tensor, x: Tensor) => ({ carry: h.add(x), out: h }), h, xs).carry,
    [args],
  )
  t.notOk(/^hoist:/m.test(text))
  t.end()
})
