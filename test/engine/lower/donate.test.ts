import test from 'tape'
import { makePlan } from '../../../engine/lower/plan.js'
import { placeholderOf, printArgs } from './support.js'

test('an output takes over the buffer of a donated input of its shape and dtype', t => {
  const [w, g, n] = [placeholderOf(2, 3), placeholderOf(2, 3), placeholderOf(2)]
  const plan = makePlan([g.sum(), w.sub(g), n.add(1)], [w, g, n], new Set([w, n]))
  t.deepEqual(plan.donor, [undefined, 0, 2])
  t.ok(printArgs(plan).includes('map leaf0 leaf1 leaf0'), `in place: ${printArgs(plan).join(', ')}`)
  t.deepEqual(makePlan([w.sub(g)], [w, g]).donor, [undefined], 'only what is donated')
  t.deepEqual(makePlan([w.sum(0)], [w], new Set([w])).donor, [undefined], 'not of another shape')
  t.deepEqual(makePlan([w.sub(g), w.add(g)], [w, g], new Set([w])).donor, [0, undefined], 'not twice')
  t.end()
})

test('where the old value is read after the new one, or elsewhere, the new one waits in scratch', t => {
  const w = placeholderOf(3, 3)
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
