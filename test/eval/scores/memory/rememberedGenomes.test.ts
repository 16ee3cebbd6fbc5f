import fc from 'fast-check'
import test from 'tape'
import { encode } from '../../../../data/index.js'
import {
  packBases,
  RememberedGenomes,
  unpackBases,
} from '../../../../eval/scores/memory/rememberedGenomes.js'
import { sequence } from '../sequences.js'

test('bases are packed to a quarter, and come back', t => {
  fc.assert(
    fc.property(sequence(200), bases => {
      const packed = packBases(bases)
      return (
        packed.packed.length === Math.ceil(bases.length / 4) &&
        Buffer.from(unpackBases(packed)).equals(Buffer.from(bases))
      )
    }),
  )
  t.deepEqual([...packBases(encode('NNACNGN')).unknownRuns], [0, 2, 4, 1, 6, 1])
  const packed = packBases(encode('ACGTN'))
  t.throws(() => unpackBases({ ...packed, length: 9 }), /2 bytes of packed bases are not the 9/)
  t.throws(
    () => unpackBases({ ...packed, unknownRuns: Uint32Array.of(4, 2) }),
    /a run of unknown bases ends at 6, beyond the 5 bases/,
  )
  t.end()
})

test('genomes lie end to end, an unknown base between, each with its genus', t => {
  const sequences = [
    { genus: 'B', bases: encode('ACG') },
    { genus: 'A', bases: encode('') },
    { genus: 'B', bases: encode('TN') },
  ]
  const { genera, bases, stretches } = RememberedGenomes.of(sequences)
  t.deepEqual(genera, ['B', 'A'])
  t.deepEqual([...bases], [...encode('ACGNNTNN')])
  t.deepEqual(
    stretches.map(({ genus, start, end }) => [genus, start, end]),
    [
      [0, 0, 3],
      [1, 4, 4],
      [0, 5, 7],
    ],
  )
  t.throws(() => RememberedGenomes.of([]), /no genomes to remember/)
  t.end()
})
