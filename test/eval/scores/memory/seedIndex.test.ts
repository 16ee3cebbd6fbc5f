import test from 'tape'
import { forEachSeed, SeedIndex } from '../../../../eval/scores/memory/seedIndex.js'
import { uniforms } from '../../arbitrary.js'

const random = (length: number, seed: number): Uint8Array =>
  Uint8Array.from(uniforms(seed, length), u => Math.floor(4 * u))

/** The seed at a position: the first two bases of seven codons; undefined where a base is unknown or beyond the end. */
function seedAt(bases: Uint8Array, position: number): string | undefined {
  const span = bases.subarray(position, position + 20)
  if (span.length < 20 || span.includes(4)) return undefined
  return span.filter((_, i) => i % 3 < 2).join('')
}

function withSubstitution(bases: Uint8Array, position: number): Uint8Array {
  const changed = bases.slice()
  changed[position] = (changed[position] + 1) & 3
  return changed
}

test('seeds: each place that has no unknown base, equal ones in one bucket, others rarely', t => {
  const bases = random(3000, 5)
  for (const i of [700, 701, 1500]) bases[i] = 4
  const buckets = new Map<string, number>()
  const places: number[] = []
  forEachSeed(bases, (position, bucket) => {
    places.push(position)
    const seed = seedAt(bases, position)!
    t.ok((buckets.get(seed) ?? bucket) === bucket, seed)
    buckets.set(seed, bucket)
  })
  t.deepEqual(
    places,
    [...bases.keys()].filter(i => seedAt(bases, i) !== undefined),
  )
  t.ok(new Set(buckets.values()).size > 0.99 * buckets.size)
  for (const length of [0, 1, 19]) forEachSeed(random(length, 1), () => t.fail(`no seed in ${length} bases`))
  t.end()
})

test('seeds: a changed third base of a codon is found, a changed first or second is not', t => {
  const bases = random(3000, 8)
  const { starts, positions } = new SeedIndex(bases)
  const isFound = (query: Uint8Array, place: number): boolean => {
    let found = false
    forEachSeed(query, (position, bucket) => {
      if (position === 0) found = positions.subarray(starts[bucket], starts[bucket + 1]).includes(place)
    })
    return found
  }
  for (const place of [0, 1, 2, 1000, 2980]) {
    const query = bases.subarray(place, place + 20)
    t.ok(isFound(query, place), `place ${place}`)
    for (let i = 0; i < 20; i++)
      t.equal(isFound(withSubstitution(query, i), place), i % 3 === 2, `base ${i} of the seed changed`)
  }
  t.end()
})
