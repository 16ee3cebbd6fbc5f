import test from 'tape'
import { Recent } from '../../../../eval/scores/memory/recent.js'

test('recent: what was asked for lately is not computed again, and known by its bases', t => {
  const computed: number[][] = []
  const recent = new Recent<number>(2)
  const sum = (bases: Uint8Array): number =>
    recent.of(bases, () => {
      computed.push([...bases])
      return bases.reduce((total, base) => total + base, 0)
    })
  const bases = Uint8Array.of(1, 2, 3)
  t.deepEqual([sum(bases), sum(Uint8Array.of(1, 2, 3)), sum(bases)], [6, 6, 6])
  t.equal(computed.length, 1, 'once')
  bases[0] = 0
  t.equal(sum(bases), 5, 'an array that was filled anew')
  t.equal(sum(Uint8Array.of(1, 2)), 3, 'a beginning of what is known')
  t.equal(computed.length, 3)
  sum(Uint8Array.of(1, 2, 3))
  t.equal(computed.length, 4, 'two are kept')
  recent.clear()
  sum(Uint8Array.of(1, 2, 3))
  t.equal(computed.length, 5)
  t.end()
})
