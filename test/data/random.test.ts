import fc from 'fast-check'
import test from 'tape'
import { integerAt, keyOfName, permutation } from '../../data/random.js'
import { foldKey, keyFromSeed } from '../../engine/hostRandom.js'

test('permutation: each index once, another one for another key', t => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer(), (n, seed) => {
      const order = permutation(keyFromSeed(seed), n)
      return order.length === n && new Set(order).size === n && order.every(i => i < n)
    }),
  )
  t.deepEqual(permutation(keyFromSeed(1), 50), permutation(keyFromSeed(1), 50))
  t.notDeepEqual(permutation(keyFromSeed(1), 50), permutation(keyFromSeed(2), 50))
  t.end()
})

test('permutation: every element is equally likely at every position', t => {
  const n = 5
  const runs = 5000
  const counts = new Float64Array(n * n)
  for (let run = 0; run < runs; run++)
    permutation(foldKey(keyFromSeed(7), run), n).forEach((element, position) => {
      counts[position * n + element]++
    })
  const chiSquare = counts.reduce((sum, count) => sum + (count - runs / n) ** 2 / (runs / n), 0)
  t.ok(chiSquare < 45, `chi-square ${chiSquare.toFixed(1)} with 16 degrees of freedom; 45 has p = 0.0001`)
  t.end()
})

test('integerAt: from 0 to n - 1, all of them', t => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(), (seed, n, index) => {
      const drawn = integerAt(keyFromSeed(seed), 0, index, n)
      return Number.isInteger(drawn) && drawn >= 0 && drawn < n
    }),
  )
  const dice = new Set(Array.from({ length: 200 }, (_, i) => integerAt(keyFromSeed(1), 0, i, 6)))
  t.deepEqual([...dice].sort(), [0, 1, 2, 3, 4, 5])
  t.end()
})

test('keyOfName: another key for another name', t => {
  const keys = ['Vibrio', 'Yersinia', ''].map(name => keyOfName(keyFromSeed(1), name).join())
  t.equal(new Set(keys).size, 3)
  t.equal(keyOfName(keyFromSeed(1), 'Vibrio').join(), keys[0])
  t.end()
})
