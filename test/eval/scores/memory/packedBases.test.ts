import fc from 'fast-check'
import test from 'tape'
import { encode } from '../../../../data/index.js'
import { PackedBases } from '../../../../eval/scores/memory/packedBases.js'
import { sequence } from '../sequences.js'

const anySlice = fc
  .record({ pieces: fc.array(sequence(60), { maxLength: 4 }), ends: fc.tuple(fc.nat(240), fc.nat(240)) })
  .map(({ pieces, ends }) => {
    const bases = Uint8Array.from(pieces.flatMap(piece => [...piece]))
    const [start, end] = ends.map(end => Math.min(end, bases.length)).sort((a, b) => a - b)
    return { pieces, bases, start, end }
  })

test('bases are packed to a quarter, and come back, in part and as a whole', t => {
  fc.assert(
    fc.property(anySlice, ({ pieces, bases, start, end }) => {
      const packed = PackedBases.of(pieces)
      return (
        packed.packed.length === Math.ceil(bases.length / 4) &&
        Buffer.from(packed.slice(0, packed.length)).equals(bases) &&
        Buffer.from(packed.slice(start, end)).equals(bases.subarray(start, end))
      )
    }),
  )
  t.deepEqual([...PackedBases.of([encode('NNACNGN')]).unknownRuns], [0, 2, 4, 1, 6, 1])
  t.end()
})

test('the known bases around one end where an unknown one stands', t => {
  fc.assert(
    fc.property(sequence(200), bases => {
      const packed = PackedBases.of([bases])
      return bases.every((base, place) => {
        if (base > 3) return true
        const { start, end } = packed.knownAround(place)
        const next = bases.indexOf(4, place)
        return start === bases.lastIndexOf(4, place) + 1 && end === (next < 0 ? bases.length : next)
      })
    }),
  )
  t.pass('random bases')
  t.end()
})

test('packed bases that cannot be are refused', t => {
  const { packed, unknownRuns } = PackedBases.of([encode('ACGTN')])
  t.throws(() => new PackedBases(packed, unknownRuns, 9), /2 bytes of packed bases are not the 9/)
  const refused =
    (...runs: number[]) =>
    () =>
      new PackedBases(packed, Uint32Array.from(runs), 5)
  t.throws(refused(4, 2), /a run of unknown bases ends at 6, beyond the 5 bases/)
  t.throws(refused(3, 1, 1, 1), /a run of unknown bases begins at 1, before the last one ends/)
  t.end()
})
