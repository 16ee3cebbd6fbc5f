import test from 'tape'
import { compile, type Tensor, tensor } from '../../../engine/index.js'
import { makePlan } from '../../../engine/lower/plan.js'
import { placeholderOf, printArgs } from './support.js'

test('leaves are the inputs in their order, used or not, then what else is there', t => {
  const [x, y, z] = [placeholderOf(2), placeholderOf(2), placeholderOf(3)]
  const outside = tensor([1, 2])
  const plan = makePlan([y.add(outside)], [z, y, x])
  t.deepEqual(plan.leaves, [z, y, x, outside])
  t.deepEqual(printArgs(plan), ['map leaf1 leaf3 output0'])
  t.deepEqual(plan.scratch, [])
  t.end()
})

test('a placeholder of another trace has no value', t => {
  const [x, y] = [placeholderOf(2), placeholderOf(2)]
  t.throws(
    () => makePlan([x.add(y)], [x]),
    /placeholder float32 \[2\]: this tensor belongs to the trace of a compiled function or scan; it has no value/,
  )
  t.end()
})

test('an output that is an input, or the same as another, is copied to its own buffer', t => {
  const x = placeholderOf(2)
  const y = x.exp()
  const plan = makePlan([x, y, y, x.exp()], [x])
  const written = plan.launches.flatMap(({ args }) =>
    args.flatMap(({ kind, index }) => (kind === 'output' ? [index] : [])),
  )
  t.deepEqual([...new Set(written)].sort(), [0, 1, 2, 3], printArgs(plan).join(', '))
  t.end()
})

test('arrays in between share scratch memory when they do not live at the same time', t => {
  const [x, w] = [placeholderOf(8, 8), placeholderOf(8, 8)]
  let y = x
  for (let i = 0; i < 6; i++) y = y.matmul(w).tanh()
  t.deepEqual(makePlan([y], [x, w]).scratch, [256, 256], 'of 11 arrays two live at a time')
  t.end()
})

test('no kernel reads scratch memory that none has written', async t => {
  // The reference device fills fresh memory with NaN.
  const f = compile((x: Tensor) => x.matmul(x).tanh().matmul(x.transpose()).sum(1), { device: 'reference' })
  t.ok(
    (
      await f(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ).data()
    ).every(Number.isFinite),
  )
  f.dispose()
})
