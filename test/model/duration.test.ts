import test from 'tape'
import { secondsOf } from '../../model/duration.js'

test('secondsOf: times with a unit, and nothing else', t => {
  const given = ['90s', '10m', '1.5h', '0.25s', '']
  t.deepEqual(given.map(secondsOf), [90, 600, 5400, 0.25, 0])
  for (const text of ['10', 'm', '-1s', '1 h', '1d', 'ten minutes', '1e3s', '1m30s'])
    t.equal(secondsOf(text), undefined, text)
  t.end()
})
