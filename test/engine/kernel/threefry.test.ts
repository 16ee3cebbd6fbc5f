import test from 'tape'
import { bitsAt, threefry2x32 } from '../../../engine/index.js'
import { randomBitsOf } from '../../../engine/kernel/threefry.js'

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
