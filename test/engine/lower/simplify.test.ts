import test from 'tape'
import { randomBits, type Tensor } from '../../../engine/index.js'
import { liveNodes } from '../../../engine/lower/live.js'
import { simplify } from '../../../engine/lower/simplify.js'
import { isPlaceholder, placeholder } from '../../../engine/ops/index.js'
import { kernelsOf, kindsOf, placeholderOf } from './support.js'

const simplified = (...outputs: Tensor[]) =>
  simplify(liveNodes(outputs, isPlaceholder).nodes, isPlaceholder, new Set(outputs))

test('nodes that are the same operation on equal inputs are one', t => {
  const [x, y] = [placeholderOf(3), placeholderOf(3)]
  const [a, b] = [x.add(y).tanh(), x.add(y).tanh()]
  const { nodes, canonical } = simplified(a, b)
  t.equal(canonical(b), canonical(a))
  t.equal(nodes.filter(node => node.op.name === 'tanh').length, 1)
  t.equal(nodes.filter(node => node.op.name === 'add').length, 1)
  t.end()
})

test('what differs in an attribute, an input or the order of inputs stays apart', t => {
  const [x, y] = [placeholderOf(3), placeholderOf(3)]
  const key = placeholder([2], 'int32')
  for (const [a, b] of [
    [x.sub(y), y.sub(x)],
    [x.slice(0, 1), x.slice(0, 0, 2)],
    [x.mul(0), x.mul(-0)],
    [x.add(Number.NaN), x.add(Infinity)],
    [randomBits(key, [3], 1), randomBits(key, [3], 2)],
  ]) {
    const { canonical } = simplified(a, b)
    t.notEqual(canonical(a), canonical(b), `${a}`)
  }
  const { canonical } = simplified(randomBits(key, [3], 1), x)
  const [again, other] = [randomBits(key, [3], 1), randomBits(key, [3], 1)]
  const same = simplified(again, other)
  t.equal(same.canonical(again), same.canonical(other), 'the same random bits are drawn once')
  t.equal(canonical(x), x)
  t.end()
})

test('placeholders are never taken for each other', t => {
  const [x, y] = [placeholderOf(3), placeholderOf(3)]
  const { nodes } = simplified(x.exp(), y.exp())
  t.ok(nodes.includes(x) && nodes.includes(y))
  t.equal(nodes.filter(node => node.op.name === 'exp').length, 2)
  t.end()
})

const columns = (t: Tensor, from: number, to: number) => t.slice(1, from, to)

test('slices move up through elementwise nodes that only slices read', t => {
  const [x, y] = [placeholderOf(4, 6), placeholderOf(4, 6)]
  const whole = x.add(y).sigmoid()
  const { nodes } = simplified(columns(whole, 0, 3), columns(whole, 3, 6).tanh())
  const elementwise = nodes.filter(node => node.op.kind === 'elementwise')
  t.ok(
    elementwise.length === 5 && elementwise.every(({ shape }) => `${shape}` === '4,3'),
    'no pass over the whole',
  )
  t.equal(kindsOf(kernelsOf(columns(whole, 0, 3).mul(columns(whole, 3, 6)))), 'map', 'one pass over a half')
  t.end()
})

test('a whole that somebody else reads, or that is asked for, stays whole', t => {
  const x = placeholderOf(4, 6)
  const whole = x.exp()
  const shapesOfExp = (...outputs: Tensor[]) =>
    simplified(...outputs)
      .nodes.filter(({ op }) => op.name === 'exp')
      .map(({ shape }) => `${shape}`)
  t.deepEqual(shapesOfExp(columns(whole, 0, 3)), ['4,3'])
  t.deepEqual(shapesOfExp(columns(whole, 0, 3), whole), ['4,6'], 'asked for')
  t.deepEqual(shapesOfExp(columns(whole, 0, 3), whole.sum(1)), ['4,6'], 'summed')
  t.deepEqual(shapesOfExp(columns(whole, 0, 3), whole.mul(2)), ['4,6'], 'read by a node that is not sliced')
  t.end()
})

test('of a product of which one slice is used only that is computed', t => {
  const [a, b] = [placeholderOf(5, 7), placeholderOf(7, 6)]
  const product = a.matmul(b)
  const sizes = (...outputs: Tensor[]) =>
    kernelsOf(outputs).flatMap(kernel => (kernel.kind === 'matmul' ? [[kernel.m, kernel.n, kernel.k]] : []))
  t.deepEqual(sizes(columns(product, 2, 4)), [[5, 2, 7]])
  t.deepEqual(sizes(product.slice(0, 1, 5, 2)), [[2, 6, 7]], 'of rows')
  t.deepEqual(sizes(columns(product, 0, 2), columns(product, 2, 4)), [[5, 6, 7]], 'two slices: one product')
  t.deepEqual(sizes(columns(product, 0, 2), product.tanh()), [[5, 6, 7]], 'the whole is read')
  t.end()
})
