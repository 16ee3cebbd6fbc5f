import test from 'tape'
import { PackedBases } from '../../../../eval/scores/memory/packedBases.js'
import { fillBuckets, SeedIndex } from '../../../../eval/scores/memory/seedIndex.js'
import { uniforms } from '../../arbitrary.js'

const random = (length: number, seed: number): Uint8Array =>
  Uint8Array.from(uniforms(seed, length), u => Math.floor(4 * u))

/** Of the 23 bases of a seed, whether one counts: the first two of each codon, of all codons but the third and the sixth. */
const counts = (i: number): boolean => i % 3 < 2 && ![2, 5].includes(Math.floor(i / 3))

/** What counts of the seed at a position; undefined where a base is unknown or beyond the end. */
function seedAt(bases: Uint8Array, position: number): string | undefined {
  const span = bases.subarray(position, position + 23)
  if (span.length < 23 || span.includes(4)) return undefined
  return span.filter((_, i) => counts(i)).join('')
}

/** The bucket of the seed at each base. */
function bucketsOf(bases: Uint8Array): Int32Array {
  const buckets = new Int32Array(bases.length)
  fillBuckets(bases, buckets)
  return buckets
}

function placesOf(index: SeedIndex, bucket: number): number[] {
  const slots = Array.from({ length: index.endOf(bucket) - index.startOf(bucket) }, (_, i) => i)
  return slots.map(slot => index.placeAt(index.startOf(bucket) + slot, bucket)).filter(place => place >= 0)
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
  for (const [position, bucket] of bucketsOf(bases).entries()) {
    const seed = seedAt(bases, position)
    t.equal(bucket < 0, seed === undefined, `a seed at ${position}`)
    if (seed === undefined) continue
    t.ok((buckets.get(seed) ?? bucket) === bucket, seed)
    buckets.set(seed, bucket)
  }
  t.ok(new Set(buckets.values()).size > 0.99 * buckets.size)
  for (const length of [0, 1, 22]) t.deepEqual([...bucketsOf(random(length, 1))], Array(length).fill(-1))
  t.end()
})

test('seeds: are found where bases that count are alike, and only there', t => {
  const bases = random(3000, 8)
  const index = new SeedIndex(PackedBases.of([bases]))
  const isFound = (query: Uint8Array, place: number): boolean =>
    placesOf(index, bucketsOf(query)[0]).includes(place)
  for (const place of [0, 1, 2, 1000, 2977]) {
    const query = bases.subarray(place, place + 23)
    t.ok(isFound(query, place), `place ${place}`)
    for (let i = 0; i < 23; i++)
      t.equal(isFound(withSubstitution(query, i), place), !counts(i), `base ${i} of the seed changed`)
  }
  t.end()
})

test('seeds: places are sorted by their buckets, in their order; crowded buckets have none', t => {
  const piece = random(240, 3)
  const rare = random(70_000, 4)
  const repeated = (times: number): Uint8Array[] => Array.from({ length: times }, () => piece)
  for (const [times, isCrowded] of [
    [300, false],
    [301, true],
  ] as const) {
    const pieces = [rare, ...repeated(times)]
    const buckets = bucketsOf(Uint8Array.from(pieces.flatMap(piece => [...piece])))
    const expected = new Map<number, number[]>()
    for (const [place, bucket] of buckets.entries())
      if (bucket >= 0) expected.set(bucket, [...(expected.get(bucket) ?? []), place])
    const index = new SeedIndex(PackedBases.of(pieces))
    const ofRepeat = placesOf(index, bucketsOf(piece)[100])
    t.equal(ofRepeat.length, isCrowded ? 0 : times)
    for (const [bucket, places] of expected)
      if (places.length <= 300 !== placesOf(index, bucket).length > 0) t.fail(`bucket ${bucket}`)
      else if (places.length <= 300 && `${places}` !== `${placesOf(index, bucket)}`)
        t.fail(`bucket ${bucket}`)
    const kept = [...expected.values()].filter(({ length }) => length <= 300).flat()
    t.equal(index.size, kept.length)
  }
  t.end()
})
