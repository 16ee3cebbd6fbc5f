import test from 'tape'
import { GuessingWatch, lossOfGuessing } from '../../model/index.js'

test('GuessingWatch: a loss far above guessing is told once when it lasts, and at the end', t => {
  const watch = new GuessingWatch()
  const said = Array.from({ length: 200 }, (_, step) => watch.see(step, 700)).filter(Boolean)
  t.equal(said.length, 1)
  t.match(
    said[0] ?? '',
    /^step 49: the loss is 700\.0 nats per base, far above the 1\.39 of guessing, for 50 steps now/,
  )
  t.match(watch.atEnd() ?? '', /^step 199: .* at the end/)
  t.end()
})

test('GuessingWatch: what training in earnest passes through is no reason to say anything', t => {
  const watch = new GuessingWatch()
  for (let step = 0; step < 300; step++)
    t.equal(watch.see(step, step % 40 < 39 ? 3 * lossOfGuessing : lossOfGuessing) ?? '', '')
  t.equal(new GuessingWatch().atEnd(), undefined, 'no step')
  watch.see(300, 1.2)
  t.equal(watch.atEnd(), undefined)
  t.end()
})

test('GuessingWatch: of other classes than bases, in their own unit', t => {
  const watch = new GuessingWatch(Math.log(2), 'nats')
  watch.see(0, 1.3)
  t.equal(watch.atEnd(), undefined, 'not far from ln 2')
  watch.see(1, 1.5)
  t.match(watch.atEnd() ?? '', /the loss is 1\.500 nats, far above the 0\.69 of guessing/)
  t.end()
})
