import test from 'tape'
import { reverseComplement } from '../../../../data/index.js'
import { trackRoom } from '../../../../eval/scores/memory/expertTrack.js'
import { GenusCopies } from '../../../../eval/scores/memory/genusCopies.js'
import { RememberedGenomes } from '../../../../eval/scores/memory/rememberedGenomes.js'
import { uniforms } from '../../arbitrary.js'

const random = (length: number, seed: number): Uint8Array =>
  Uint8Array.from(uniforms(seed, length), u => Math.floor(4 * u))

const joined = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap(part => [...part]))

/** Bases of which each is another one with a probability. */
function substituted(bases: Uint8Array, probability: number, seed: number): Uint8Array {
  const draws = uniforms(seed, bases.length)
  return bases.map((base, i) => (base < 4 && draws[i] < probability ? (base + 1) & 3 : base))
}

type Prediction = readonly [base: number, genus: number, isRight: boolean, weight: number]

/** A strand of a sequence, and for each of its bases its place among all genomes. */
type Strand = { readonly text: Uint8Array; readonly placeOf: (position: number) => number }

/** How many known bases in a row before two positions are alike, up to 32. */
function alikeBefore(fragment: Uint8Array, i: number, text: Uint8Array, position: number): number {
  let alike = 0
  while (
    alike < 32 &&
    Math.min(i, position) > alike &&
    fragment[i - 1 - alike] < 4 &&
    fragment[i - 1 - alike] === text[position - 1 - alike]
  )
    alike++
  return alike
}

/** Of the 23 bases of a seed, those that it looks at. */
const looksAt = Array.from({ length: 23 }, (_, k) => k % 3 < 2 && ![2, 5].includes(Math.floor(k / 3)))

/** Whether as many bases before as a seed has are known, and those of them alike that it looks at. */
function seedBefore(fragment: Uint8Array, i: number, text: Uint8Array, position: number): boolean {
  const span = looksAt.length
  if (i < span || position < span) return false
  return looksAt.every((isLookedAt, k) => {
    const [a, b] = [fragment[i - span + k], text[position - span + k]]
    return a <= 3 && b <= 3 && (!isLookedAt || a === b)
  })
}

/** Where a copy may begin, the best first: of the longest context, on a forward strand, at the first place. */
type Begin = {
  readonly alike: number
  readonly reversed: number
  readonly place: number
  readonly position: number
  readonly text: Uint8Array
}

/** For each base of a fragment all places of a seed, found by comparing with every one; strands: a forward one, its reverse, … */
const beginsOf = (fragment: Uint8Array, strands: readonly Strand[]): Begin[][] =>
  Array.from(fragment, (_, i) =>
    strands
      .flatMap(({ text, placeOf }, strand) =>
        Array.from(text.subarray(looksAt.length - 1), (_, k): Begin[] => {
          const position = k + looksAt.length
          if (!seedBefore(fragment, i, text, position)) return []
          const alike = alikeBefore(fragment, i, text, position)
          return [{ alike, reversed: strand % 2, place: placeOf(position), position, text }]
        }).flat(),
      )
      .sort((a, b) => b.alike - a.alike || a.reversed - b.reversed || a.place - b.place),
  )

/** What copies of one genus predict of a fragment, whose bases they may begin with. */
function naive(fragment: Uint8Array, genus: number, begins: readonly Begin[][], least: number): Prediction[] {
  const predictions: Prediction[] = []
  let copy: { text: Uint8Array; position: number; wrong: boolean[]; run: number } | undefined
  for (const [i, base] of fragment.entries()) {
    const [begin] = begins[i]
    if (!copy && begin && begin.alike >= least) {
      const { text, position, alike } = begin
      const wrong = Array.from({ length: 16 }, (_, k) => fragment[i - 16 + k] !== text[position - 16 + k])
      copy = { text, position, wrong, run: alike }
    }
    if (!copy) continue
    const copied = copy.text[copy.position]
    if (base > 3 || copied === undefined || copied > 3) {
      copy = undefined
      continue
    }
    const isRight = copied === base
    const wrongs = copy.wrong.filter(Boolean).length
    predictions.push([i, genus, isRight, 1 - (4 / 3) * ((wrongs + 1) / (Math.max(16, copy.run) + 2))])
    copy = {
      text: copy.text,
      position: copy.position + 1,
      wrong: [...copy.wrong.slice(1), !isRight],
      run: isRight ? Math.min(32, copy.run + 1) : 0,
    }
    if (copy.wrong.filter(Boolean).length > 8) copy = undefined
  }
  return predictions
}

const sequences = [random(500, 1), random(400, 2), random(500, 3)]
sequences[1].fill(4, 300, 303)
// The third, of the second's genus, has a stretch of its own twice, and one of the first genus.
sequences[2].set(sequences[2].subarray(100, 160), 300)
sequences[2].set(substituted(sequences[0].subarray(200, 300), 0.1, 4), 390)
const genusOf = [0, 1, 1]
const genomes = RememberedGenomes.of(sequences.map((bases, i) => ({ genus: 'AB'[genusOf[i]], bases })))
const strandsOf = (genus: number): Strand[] =>
  sequences.flatMap((bases, i) => {
    if (genusOf[i] !== genus) return []
    const { start } = genomes.stretches[i]
    return [
      { text: bases, placeOf: position => start + position },
      { text: reverseComplement(bases), placeOf: position => start + bases.length - position },
    ]
  })

const fragments = [
  sequences[0].subarray(100, 350),
  reverseComplement(sequences[1].subarray(200, 390)), // through unknown bases of the genome
  substituted(sequences[0].subarray(180, 420), 0.08, 5),
  reverseComplement(substituted(sequences[2], 0.15, 6)),
  joined(sequences[0].subarray(420), random(60, 7), sequences[1].subarray(330)), // beyond the end of sequences
  joined(
    sequences[2].subarray(90, 170),
    reverseComplement(sequences[2].subarray(290, 380)),
    sequences[0].subarray(0, 90),
  ),
  sequences[0].map((base, i) => (i === 50 || i === 300 ? 4 : base)),
  random(200, 8),
  ...[0, 1, 22, 23, 24, 40].map(length => sequences[0].subarray(10, 10 + length)),
]

function predictionsOf(copies: GenusCopies, fragment: Uint8Array): Prediction[] {
  const predictions: Prediction[] = []
  copies.predict(fragment, (...prediction) => predictions.push(prediction))
  return predictions
}

const inOrder = (predictions: readonly Prediction[]): Prediction[] =>
  predictions.toSorted(([a, g], [b, h]) => a - b || g - h)

test('copies: as found by comparing with every place of both strands', t => {
  const begins = fragments.map(fragment => [0, 1].map(genus => beginsOf(fragment, strandsOf(genus))))
  for (const least of [1, 8, 12, 16, 20, 24, 32]) {
    const copies = new GenusCopies(genomes, least)
    for (const [f, fragment] of fragments.entries()) {
      const expected = [0, 1].flatMap(genus => naive(fragment, genus, begins[f][genus], least))
      const predictions = predictionsOf(copies, fragment)
      t.deepEqual(
        predictions,
        inOrder(expected),
        `from ${least} bases on, fragment ${f}: ${predictions.length} predictions`,
      )
    }
  }
  t.end()
})

test('copies: go on through substitutions, surer the more they had right', t => {
  const copies = new GenusCopies(genomes, 16)
  const [exact, , changed] = fragments.map(fragment =>
    predictionsOf(copies, fragment).filter(([, genus]) => genus === 0),
  )
  t.ok(exact.length === 227 && exact.every(([, , isRight]) => isRight))
  t.ok(exact[100][3] > 0.95 && exact[100][3] > exact[0][3])
  t.ok(changed.some(([, , isRight]) => !isRight) && changed.length > 150, `${changed.length}`)
  t.ok(Math.min(...changed.map(([, , , weight]) => weight)) < 0.85)
  t.equal(predictionsOf(copies, random(300, 8)).length, 0, 'none of chance')
  t.end()
})

test('copies: what they say base by base', t => {
  const copies = new GenusCopies(genomes, 16)
  const long = joined(random(8100, 9), sequences[0].subarray(100, 400), sequences[1])
  const room = trackRoom(8192, 2)
  copies.writeTrack(long.subarray(0, 8192), room)
  copies.writeTrack(long.subarray(8192), room)
  const { losses, uncertainties } = room
  const expected = new Float32Array(2 * (long.length - 8192)).fill(Number.NaN)
  for (const [base, genus, isRight, weight] of predictionsOf(copies, long.subarray(8192))) {
    const probabilities = [weight + (1 - weight) / 4, ...Array(3).fill((1 - weight) / 4)]
    const i = 2 * base + genus
    expected[i] = -Math.log(probabilities[isRight ? 0 : 1])
    const entropy = probabilities.reduce((sum, p) => sum - p * Math.log(p), 0)
    t.ok(Math.abs(uncertainties[i] - entropy) < 1e-6)
  }
  t.ok(expected.filter(loss => loss < 0.2).length > 500)
  const isOff = (loss: number, i: number): boolean =>
    Number.isNaN(loss) !== Number.isNaN(expected[i]) || Math.abs(loss - expected[i]) > 1e-6
  t.notOk(losses.subarray(0, expected.length).some(isOff), 'of this piece, not of the one before')
  for (const least of [0, 33, 12.5])
    t.throws(
      () => new GenusCopies(genomes, least),
      /copies that begin with .* bases: give a whole number from 1 to 32/,
    )
  t.end()
})
