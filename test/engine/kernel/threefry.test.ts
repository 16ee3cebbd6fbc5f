import test from 'tape'
import { bitsAt, foldKey, keyFromSeed, threefry2x32, uniformAt } from '../../../engine/index.js'
import { randomBitsOf, uniformFromBits } from '../../../engine/kernel/threefry.js'

// Vectors of the Random123 distribution (kat_vectors, threefry2x32 with 20 rounds).
test('threefry: known answers', t => {
  const hex = (words: readonly number[]) => words.map(w => (w >>> 0).toString(16).padStart(8, '0'))
  t.deepEqual(hex(threefry2x32([0, 0], 0, 0)), ['6b200159', '99ba4efe'])
  t.deepEqual(hex(threefry2x32([-1, -1], -1, -1)), ['1cb996fc', 'bb002be7'])
  t.deepEqual(hex(threefry2x32([0x13198a2e, 0x03707344], 0x243f6a88, 0x85a308d3)), ['c4923a9c', '483df7a0'])
  t.end()
})

test('threefry: a whole stream at once', t => {
  for (const length of [0, 1, 7, 8, 29]) {
    const all = new Int32Array(length)
    randomBitsOf([3, -5], -2, all)
    t.deepEqual(
      [...all],
      Array.from({ length }, (_, i) => bitsAt([3, -5], -2, i)),
      `${length}`,
    )
  }
  t.end()
})

test('keys are made of seeds up to 2^53, of others independent ones, and numbers lie in [0, 1)', t => {
  t.deepEqual(keyFromSeed(2 ** 32 + 5), [5, 1])
  t.throws(() => keyFromSeed(0.5), /seed: got 0.5, give an integer up to 2\^53/)
  t.throws(() => keyFromSeed(2 ** 53), /seed: got 9007199254740992/)
  const key = keyFromSeed(1)
  const derived = Array.from({ length: 100 }, (_, n) => `${foldKey(key, n)}`)
  t.equal(new Set(derived).size, 100)
  t.notOk(derived.includes(`${[bitsAt(key, 3, 0), bitsAt(key, 3, 1)]}`), 'not what the streams hold')
  t.deepEqual([0, -1, 256].map(uniformFromBits), [0, 1 - 2 ** -24, 2 ** -24])
  t.equal(uniformAt(key, 2, 9), uniformFromBits(bitsAt(key, 2, 9)))
  t.end()
})
