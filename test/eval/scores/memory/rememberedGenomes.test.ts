import test from 'tape'
import { encode } from '../../../../data/index.js'
import { RememberedGenomes } from '../../../../eval/scores/memory/rememberedGenomes.js'

test('genomes lie end to end, an unknown base between, each with its genus', t => {
  const sequences = [
    { genus: 'B', bases: encode('ACG') },
    { genus: 'A', bases: encode('') },
    { genus: 'B', bases: encode('TN') },
  ]
  const genomes = RememberedGenomes.of(sequences)
  const { genera, bases, stretches } = genomes
  t.deepEqual(genera, ['B', 'A'])
  t.deepEqual([...bases.slice(0, bases.length)], [...encode('ACGNNTNN')])
  t.deepEqual(
    stretches.map(({ genus, start, end }) => [genus, start, end]),
    [
      [0, 0, 3],
      [1, 4, 4],
      [0, 5, 7],
    ],
  )
  t.deepEqual(
    Array.from(genomes.sequencesOf(0), bases => [...bases]),
    [[...encode('ACG')], [...encode('TN')]],
  )
  t.throws(() => RememberedGenomes.of([]), /no genomes to remember/)
  t.end()
})
