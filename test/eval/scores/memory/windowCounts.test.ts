import test from 'tape'
import { WindowCounts } from '../../../../eval/scores/memory/windowCounts.js'
import { uniforms } from '../../arbitrary.js'

test('windows: counts of all sizes, beyond a byte and beyond what is collected at once', t => {
  const size = 4 ** 9
  const windows = Int32Array.from(uniforms(7, 60_000), u => Math.floor(size * u ** 4))
  const counts = new WindowCounts(size)
  const expected = new Uint32Array(size)
  for (const some of [windows, windows.map(() => 70_000), Int32Array.of(-1, size - 1, -1), windows]) {
    counts.add(some, some.length)
    for (const window of some) if (window >= 0) expected[window]++
  }
  counts.add(Int32Array.of(1, 2, 3), 1)
  expected[1]++
  t.deepEqual(Uint32Array.from(joined(counts)), expected)
  t.ok(expected[70_000] >= 60_000 && Math.max(...expected.subarray(0, 256)) > 256)
  t.end()
})

/** All counts; the array that they are given in is reused. */
const joined = (counts: WindowCounts): number[] => {
  const all: number[] = []
  for (const block of counts.blocks()) all.push(...block)
  return all
}
