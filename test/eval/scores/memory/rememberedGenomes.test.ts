import test from 'tape'
import { encode } from '../../../../data/index.js'
import { GenusMemory } from '../../../../eval/scores/memory/genusMemory.js'
import { lookupsOf } from '../../../../eval/scores/memory/lookups.js'
import { RememberedGenomes } from '../../../../eval/scores/memory/rememberedGenomes.js'

test('equal genomes are remembered once, with what is looked up in them', t => {
  const genomesOf = (last: string, genus = 'B') =>
    RememberedGenomes.of([
      { genus: 'A', bases: encode('ACGTNACG') },
      { genus, bases: encode(last) },
    ])
  const settings = { order: 3, copies: 0, copyWeight: 1, alignments: 0, threshold: 40 }
  const [one, same, ...others] = [
    genomesOf('GGCTA'),
    genomesOf('GGCTA'),
    genomesOf('GGCTT'),
    genomesOf('GGCTN'),
    genomesOf('GGCTAA'),
    genomesOf('GGCTA', 'A'),
    genomesOf('GGCTA', 'C'),
  ].map(genomes => new GenusMemory(genomes, settings).genomes)
  t.equal(same, one)
  t.equal(lookupsOf(same), lookupsOf(one))
  for (const [i, other] of others.entries()) t.notEqual(other, one, `${i}`)
  t.end()
})

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
