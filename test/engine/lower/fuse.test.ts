import test from 'tape'
import { concat, explain, type Tensor } from '../../../engine/index.js'
import type { MapKernel } from '../../../engine/kernel/kernel.js'
import { makePlan } from '../../../engine/lower/plan.js'
import { kernelsOf, kindsOf, placeholderOf } from './support.js'

const mapsOf = (outputs: readonly Tensor[]): MapKernel[] =>
  kernelsOf(outputs).filter((kernel): kernel is MapKernel => kernel.kind === 'map')

test('elementwise operations of one shape are one kernel, whatever their number', t => {
  const [x, y] = [placeholderOf(4, 5), placeholderOf(4, 5)]
  const z = x.mul(y).tanh()
  const maps = mapsOf([z.add(x).exp(), z.sub(y)])
  t.equal(maps.length, 1)
  t.deepEqual([maps[0].inputs.length, maps[0].outputs.length], [2, 2], 'each array is read and written once')
  t.end()
})

test('broadcast operands are read where they are, without a kernel of their own', t => {
  const maps = mapsOf([placeholderOf(4, 5).add(placeholderOf(5)).mul(placeholderOf(4, 1))])
  t.deepEqual(
    maps.map(({ inputs }) => inputs.map(({ view }) => view.strides)),
    [
      [
        [5, 1],
        [0, 1],
        [1, 0],
      ],
    ],
  )
  t.end()
})

test('kernels over different shapes stay apart, a smaller one is not repeated', t => {
  const row = placeholderOf(5).exp()
  t.deepEqual(
    mapsOf([placeholderOf(4, 5).add(row)]).map(({ shape }) => shape),
    [[5], [4, 5]],
    'the exponentials of a row are taken once',
  )
  t.end()
})

test('what a reduction alone reads is computed inside of it', t => {
  const [x, y] = [placeholderOf(4, 5), placeholderOf(4, 5)]
  t.equal(kindsOf(kernelsOf(x.sub(y).square().sum(1))), 'reduce')
  t.equal(kindsOf(kernelsOf(x.abs().max())), 'reduce')
  t.equal(kindsOf(kernelsOf(x.exp().sum(0))), 'reduce', 'also over the first axis')
  const e = x.exp()
  t.equal(kindsOf(kernelsOf([e.sum(1), e])), 'map reduce', 'but not what is asked for as well')
  t.equal(kindsOf(kernelsOf(e.div(e.sum(1, true)))), 'map reduce map', 'nor what is used again')
  t.end()
})

test('a reduction does not read two computed arrays to save writing one', t => {
  const [x, w] = [placeholderOf(4, 4), placeholderOf(4, 4)]
  const [a, b] = [x.exp(), x.tanh()]
  const kernels = kernelsOf([a.mul(b).sum(1), a.matmul(w), b.matmul(w)])
  const reduce = kernels.find(kernel => kernel.kind === 'reduce')
  t.equal(reduce?.inputs.length, 1, 'the product is written by the kernel that makes its factors')
  t.end()
})

test('a reduction of a permuted value that is there already reads that, not what it was made of', t => {
  const permuted = placeholderOf(4, 5).exp().transpose()
  const { launches } = makePlan([permuted.sum(1)], [permuted])
  t.deepEqual(
    launches.map(({ kernel, args }) => [kernel.kind, args.map(({ kind }) => kind)]),
    [['reduce', ['leaf', 'output']]],
  )
  t.end()
})

test('what lies between two reductions is computed after the one and before the other', t => {
  const x = placeholderOf(4, 5)
  const centred = x.sub(x.mean(1, true))
  const kernels = kernelsOf(centred.div(centred.square().mean(1, true).sqrt()))
  // The sum of x; what it is divided by; the sum of squares; the result.
  t.ok(kernels.filter(({ kind }) => kind === 'reduce').length === 2, kindsOf(kernels))
  t.equal(kernels.at(-1)?.kind, 'map')
  t.end()
})

test('a group that may as well be earlier joins the earlier one', t => {
  const [x, w] = [placeholderOf(4, 4), placeholderOf(4, 4)]
  const y = x.tanh()
  const kernels = kernelsOf([y.matmul(w), y.exp()])
  t.equal(kindsOf(kernels), 'map matmul', 'with what it is made of, not after the product')
  t.end()
})

test('a group never waits for one that waits for it', t => {
  // u and v have one shape; v depends on u through a product, so that they cannot be in one group.
  const [x, w] = [placeholderOf(4, 4), placeholderOf(4, 4)]
  const u = x.tanh()
  const v = u.matmul(w).exp()
  t.equal(kindsOf(kernelsOf(u.add(v))), 'map matmul map')
  t.end()
})

test('a group has a limit', t => {
  let y = placeholderOf(2)
  for (let i = 0; i < 1500; i++) y = y.mul(0.5)
  const maps = mapsOf([y])
  t.ok(
    maps.length === 2 && maps.every(({ body }) => body.length < 1100),
    `${maps.map(m => m.body.length)} lines`,
  )
  t.end()
})

test('the parts of a concatenation are computed where they belong', t => {
  const [x, y] = [placeholderOf(4, 2), placeholderOf(4, 3)]
  const kernels = kernelsOf(concat([x.tanh(), y.exp()], 1))
  t.equal(kindsOf(kernels), 'map map', 'no copies')
  t.equal(kindsOf(kernelsOf(concat([x, y], 1))), 'copy copy')
  t.end()
})

test('explain says what was not fused, and why', t => {
  const text = explain(
    (x: Tensor, w: Tensor) => {
      const y = x.tanh()
      return [y.flip(0).add(y), y.matmul(w)]
    },
    [placeholderOf(4, 4), placeholderOf(4, 4)],
  )
  t.match(
    text,
    /^fuse: tanh float32 \[4,4\] is written out: (slice|flip) reads its elements in another order/m,
  )
  t.match(text, /^fuse: tanh float32 \[4,4\] is written out: matmul \[4,4\] is a kernel of its own$/m)
  t.end()
})
