import test from 'tape'
import { compile, type Tensor, tensor } from '../../../engine/index.js'
import { makePlan, type Plan } from '../../../engine/lower/plan.js'
import { unknown } from './support.js'

const printArgs = ({ launches }: Plan) =>
  launches.map(
    ({ kernel, args }) => `${kernel.kind} ${args.map(({ kind, index }) => `${kind}${index}`).join(' ')}`,
  )

test('leaves are the inputs in their order, used or not, then what else is there', t => {
  const [x, y, z] = [unknown(2), unknown(2), unknown(3)]
  const outside = tensor([1, 2])
  const plan = makePlan([y.add(outside)], [z, y, x])
  t.deepEqual(plan.leaves, [z, y, x, outside])
  t.deepEqual(printArgs(plan), ['map leaf1 leaf3 output0'])
  t.deepEqual(plan.scratch, [])
  t.end()
})

test('an unknown of another trace has no value', t => {
  const [x, y] = [unknown(2), unknown(2)]
  t.throws(
    () => makePlan([x.add(y)], [x]),
    /placeholder float32 \[2\]: this tensor belongs to the trace of a compiled function or scan; it has no value/,
  )
  t.end()
})

test('an output that is an input, or the same as another, is copied to its own buffer', t => {
  const x = unknown(2)
  const y = x.exp()
  const plan = makePlan([x, y, y, x.exp()], [x])
  const written = plan.launches.flatMap(({ args }) =>
    args.flatMap(({ kind, index }) => (kind === 'output' ? [index] : [])),
  )
  t.deepEqual([...new Set(written)].sort(), [0, 1, 2, 3], printArgs(plan).join(', '))
  t.end()
})

test('arrays in between share scratch memory when they do not live at the same time', t => {
  const [x, w] = [unknown(8, 8), unknown(8, 8)]
  let y = x
  for (let i = 0; i < 6; i++) y = y.matmul(w).tanh()
  t.deepEqual(makePlan([y], [x, w]).scratch, [256, 256], 'of 11 arrays two live at a time')
  t.end()
})

test('an output takes over the buffer of a donated input of its shape and dtype', t => {
  const [w, g, n] = [unknown(2, 3), unknown(2, 3), unknown(2)]
  const plan = makePlan([g.sum(), w.sub(g), n.add(1)], [w, g, n], new Set([w, n]))
  t.deepEqual(plan.donor, [undefined, 0, 2])
  t.ok(printArgs(plan).includes('map leaf0 leaf1 leaf0'), `in place: ${printArgs(plan).join(', ')}`)
  t.deepEqual(makePlan([w.sub(g)], [w, g]).donor, [undefined], 'only what is donated')
  t.deepEqual(makePlan([w.sum(0)], [w], new Set([w])).donor, [undefined], 'not of another shape')
  t.deepEqual(makePlan([w.sub(g), w.add(g)], [w, g], new Set([w])).donor, [0, undefined], 'not twice')
  t.end()
})

test('where the old value is read after the new one, or elsewhere, the new one waits in scratch', t => {
  const w = unknown(3, 3)
  const next = w.add(1)
  const late = makePlan([next, w.matmul(next)], [w], new Set([w]))
  t.deepEqual(late.donor, [0, undefined])
  t.equal(printArgs(late).at(-1), 'map scratch0 leaf0', printArgs(late).join(', '))
  const flipped = makePlan([w.flip(0).mul(2)], [w], new Set([w]))
  t.deepEqual(printArgs(flipped), ['map leaf0 scratch0', 'map scratch0 leaf0'])
  const inPlace = makePlan([next], [w], new Set([w]))
  t.deepEqual(printArgs(inPlace), ['map leaf0 leaf0'])
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
