import test from 'tape'
import { reverseComplement } from '../../../../data/index.js'
import { codonScores } from '../../../../eval/scores/memory/codonScores.js'
import { RememberedGenomes } from '../../../../eval/scores/memory/rememberedGenomes.js'
import { TranslatedAlignments } from '../../../../eval/scores/memory/translatedAlignments.js'
import { uniforms } from '../../arbitrary.js'

const threshold = 50

const random = (length: number, seed: number): Uint8Array =>
  Uint8Array.from(uniforms(seed, length), u => Math.floor(4 * u))

/** A copy of a stretch in which the third base of every third codon is another. */
function relative(bases: Uint8Array, start: number, length: number): Uint8Array {
  const copy = bases.slice(start, start + length)
  for (let i = 2; i < length; i += 9) if (copy[i] < 4) copy[i] ^= 1
  return copy
}

const joined = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap(part => [...part]))

const codon = (bases: Uint8Array, i: number): number =>
  bases[i] < 4 && bases[i + 1] < 4 && bases[i + 2] < 4
    ? bases[i] | (bases[i + 1] << 2) | (bases[i + 2] << 4)
    : Number.NaN

type Segment = { readonly score: number; readonly start: number; readonly end: number }

/** The best alignments of codons from two places on, without gaps: one for each stretch of known bases. */
function bestSegments(query: Uint8Array, genome: Uint8Array, q: number, g: number): Segment[] {
  const nothing: Segment = { score: 0, start: 0, end: 0 }
  const segments = [nothing]
  let sum = 0
  let start = q
  for (; q + 3 <= query.length && g + 3 <= genome.length; q += 3, g += 3) {
    const score = codonScores[64 * codon(query, q) + codon(genome, g)]
    if (score === undefined) segments.push(nothing)
    if (score === undefined || sum <= 0) {
      sum = 0
      start = score === undefined ? q + 3 : q
    }
    sum += score ?? 0
    if (sum > segments[segments.length - 1].score)
      segments[segments.length - 1] = { score: sum, start, end: q + 3 }
  }
  return segments
}

/** By how much all alignments of a fragment with a genome exceed the threshold, found by trying every pair of places. */
function naiveExcess(fragment: Uint8Array, genome: Uint8Array): number {
  const segments: Segment[] = []
  for (const [reversed, query] of [fragment, reverseComplement(fragment)].entries()) {
    const starts = [
      ...Array.from(genome, (_, g) => [0, 1, 2].map(q => [q, g] as const)).flat(),
      ...Array.from(query, (_, q) => [0, 1, 2].map(g => [q, g] as const)).flat(),
    ]
    const { length } = query
    for (const [q, g] of starts)
      for (const { score, start, end } of bestSegments(query, genome, q, g))
        if (score > threshold)
          segments.push(
            reversed ? { score, start: length - end, end: length - start } : { score, start, end },
          )
  }
  segments.sort((a, b) => b.score - a.score)
  const covered = new Set<number>()
  let excess = 0
  for (const { score, start, end } of segments) {
    const places = Array.from({ length: end - start }, (_, i) => start + i)
    if (places.filter(place => covered.has(place)).length > places.length / 4) continue
    for (const place of places) covered.add(place)
    excess += score - threshold
  }
  return excess
}

const genomes = [random(1500, 1), random(1200, 2), random(900, 3)]
genomes[1].fill(4, 500, 505)
const memory = RememberedGenomes.of(genomes.map((bases, i) => ({ genus: 'ABB'[i], bases })))
const alignments = new TranslatedAlignments(memory, { threshold })

function scores(fragment: Uint8Array): number[] {
  const sums = new Float64Array(memory.genera.length)
  alignments.addScores(fragment, sums)
  return [...sums]
}

/** Fragments with relatives of stretches of the genomes in them, on either strand. */
const fragments = [
  joined(random(40, 10), relative(genomes[0], 100, 120), random(41, 11)),
  joined(random(20, 12), reverseComplement(relative(genomes[0], 1380, 120)), random(42, 13)),
  joined(relative(genomes[0], 0, 90), random(50, 14), relative(genomes[1], 700, 150), random(30, 15)),
  joined(random(33, 16), relative(genomes[2], 801, 99), reverseComplement(relative(genomes[1], 300, 90))),
  joined(relative(genomes[1], 440, 120), random(60, 17)), // unknown bases of the genome end it
  joined(random(10, 18), relative(genomes[0], 500, 60), Uint8Array.of(4), relative(genomes[0], 561, 60)),
  random(200, 19),
  relative(genomes[0], 7, 99),
]

test('alignments: their sums are those of a search of all pairs of places', t => {
  for (const [i, fragment] of fragments.entries())
    t.deepEqual(
      scores(fragment),
      [
        naiveExcess(fragment, genomes[0]),
        naiveExcess(fragment, genomes[1]) + naiveExcess(fragment, genomes[2]),
      ],
      `fragment ${i}: ${scores(fragment)}`,
    )
  t.ok(scores(fragments[0])[0] > 50 && scores(fragments[2]).every(sum => sum > 50), 'relatives are found')
  t.deepEqual(scores(fragments[6]), [0, 0], 'chance is not')
  t.end()
})

test('alignments: the same for the reverse complement; what is short or unknown has none', t => {
  for (const fragment of fragments) t.deepEqual(scores(reverseComplement(fragment)), scores(fragment))
  for (let length = 0; length <= 20; length++)
    t.deepEqual(scores(genomes[0].subarray(30, 30 + length)), [0, 0], `${length} bases`)
  t.deepEqual(scores(new Uint8Array(100).fill(4)), [0, 0])
  t.end()
})

test('alignments: a long fragment is the sum of its pieces', t => {
  const long = joined(
    relative(genomes[0], 60, 120),
    random(8130, 20),
    relative(genomes[1], 600, 180),
    random(300, 21),
  )
  const pieces = [long.subarray(0, 8192), long.subarray(8192)].map(scores)
  t.deepEqual(
    scores(long),
    pieces[0].map((sum, genus) => sum + pieces[1][genus]),
  )
  t.ok(scores(long).every(sum => sum > 50))
  t.end()
})

test('alignments: of several thresholds in the same genomes, each those that it has alone', t => {
  const remembered = () => RememberedGenomes.of(genomes.map((bases, i) => ({ genus: 'ABB'[i], bases })))
  const shared = remembered()
  const thresholds = [60, 40, 80]
  const [together, alone] = [() => shared, remembered].map(genomesOf =>
    thresholds.map(threshold => new TranslatedAlignments(genomesOf(), { threshold })),
  )
  for (const fragment of fragments)
    for (const [i, threshold] of thresholds.entries()) {
      const sums = [together[i], alone[i]].map(alignments => {
        const [scores, leads] = [new Float64Array(2), new Float64Array(2)]
        alignments.addScores(fragment, scores)
        alignments.addLeads(fragment, leads)
        return [...scores, ...leads]
      })
      t.deepEqual(sums[0], sums[1], `beyond ${threshold}`)
    }
  t.end()
})
