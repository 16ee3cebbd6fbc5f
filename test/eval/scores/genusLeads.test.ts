import test from 'tape'
import { reverseComplement } from '../../../data/index.js'
import { EvidencePool } from '../../../eval/index.js'
import { fitScores, loadScores, parseSpec } from '../../../eval/scores/index.js'
import { GenusCopies } from '../../../eval/scores/memory/genusCopies.js'
import { RememberedGenomes } from '../../../eval/scores/memory/rememberedGenomes.js'
import { TranslatedAlignments } from '../../../eval/scores/memory/translatedAlignments.js'
import { uniforms } from '../arbitrary.js'
import { fitOn, reload } from './sequences.js'

const random = (length: number, seed: number): Uint8Array =>
  Uint8Array.from(uniforms(seed, length), u => Math.floor(4 * u))

const joined = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap(part => [...part]))

const training = [random(2000, 1), random(1500, 2), random(800, 3)]
const fragments = [
  training[0].subarray(300, 450),
  joined(training[0].subarray(100, 260), training[1].subarray(10, 180)), // A, then B
  random(250, 4),
  joined(random(8190, 5), training[2]),
  new Uint8Array(30).fill(4),
  ...Array.from({ length: 8 }, (_, length) => random(length, length + 6)),
]

test('genusLeads: the lead of contexts, and that of alignments region by region, times its weight', async t => {
  const options = 'order=4,threshold=30'
  const score = fitOn(`genusLeads:alignments=0.2,${options}`, training)
  const contexts = fitOn(`genusOdds:alignments=0,order=4`, training)
  const genomes = RememberedGenomes.of(training.map((bases, i) => ({ genus: 'AB'[i % 2], bases })))
  const alignments = new TranslatedAlignments(genomes, { threshold: 30 })
  const [leads, ofContexts] = await Promise.all([score.score(fragments), contexts.score(fragments)])
  for (const [i, fragment] of fragments.entries()) {
    const ofAlignments = new Float64Array(2)
    alignments.addLeads(fragment, ofAlignments)
    const expected = ofContexts[i] + 0.2 * Math.max(...ofAlignments)
    t.ok(
      Object.is(leads[i], expected) || Math.abs(leads[i] - expected) < 1e-9,
      `fragment ${i} of ${fragment.length} bases: ${leads[i]}`,
    )
  }
  const [ofOne, ofTwo, ofNone] = leads
  t.ok(ofOne > 20 && ofOne > 2 * ofTwo, 'what is of two genera tells of neither')
  t.ok(ofNone < 20)
  const without = fitOn('genusLeads:alignments=0,order=4', training)
  t.deepEqual([...(await without.score(fragments))], [...ofContexts], 'without alignments that of contexts')
})

test('genusLeads: with copies a third lead, of what each base gains, region by region', async t => {
  const options = 'order=4,alignments=0.2,threshold=30'
  const plain = fitOn(`genusLeads:${options}`, training)
  const score = fitOn(`genusLeads:copies=16,copyWeight=0.5,${options}`, training)
  const contexts = fitOn('genusOdds:order=4,alignments=0', training)
  const [leads, without] = await Promise.all([score.score(fragments), plain.score(fragments)])
  const genomes = RememberedGenomes.of(training.map((bases, i) => ({ genus: 'AB'[i % 2], bases })))
  const copies = new GenusCopies(genomes, 16)
  for (const [f, fragment] of fragments.slice(0, 3).entries()) {
    const prefixes = await contexts.genusEvidence!.evidence(
      Array.from({ length: fragment.length + 1 }, (_, i) => fragment.subarray(0, i)),
    )
    const gains = [0, 1].map(() => new Float64Array(fragment.length))
    copies.predict(fragment, (i, genus, isRight, w) => {
      const p = Math.exp(prefixes[i + 1]![genus] - prefixes[i]![genus])
      gains[genus][i] = Math.log((w * Number(isRight) + (1 - w) * p) / p)
    })
    const ofA = gains[0].reduce((sum, gain, i) => sum + gain - gains[1][i], 0)
    const expected = without[f] + 0.5 * Math.abs(ofA)
    t.ok(Math.abs(leads[f] - expected) < 1e-3, `fragment ${f}: ${leads[f]}, ${expected}`)
  }
  t.ok(leads[0] > without[0] + 20 && leads[2] === without[2])
  t.deepEqual([...(await reload(score).score(fragments))], [...leads], 'the same bits from a file')
  const numbers = await score.summed!.numbers(fragments)
  t.equal(numbers[0]?.length, 6)
  const [first] = score.summed!.contrasts(numbers[0]!)
  const total = (indices: readonly number[]): number => indices.reduce((sum, i) => sum + numbers[0]![i], 0)
  t.equal(first.plus.length, 3)
  t.ok(Math.abs(total(first.plus) - total(first.minus) - leads[0]) < 1e-9)
})

test('genusLeads: stored and loaded, the same bits; damage is refused', async t => {
  const score = fitOn('genusLeads:order=5', training)
  t.deepEqual([...(await reload(score).score(fragments))], [...(await score.score(fragments))])
  const stored = score.store()
  const beyond = { ...stored, arrays: { ...stored.arrays, stretches: Uint32Array.of(2, 0, 10) } }
  t.throws(() => loadScores([beyond]), /genusLeads5: its stretches lie outside/)
  t.ok(
    [...(await fitOn('genusLeads:order=2', [training[0]]).score(fragments))].every(Number.isNaN),
    'one genus',
  )
})

test('genusLeads: over fragments of one origin, both leads are taken of sums', async t => {
  const score = fitOn('genusLeads:alignments=0.2,order=4,threshold=30', training)
  const summed = score.summed!
  const [leads, numbers] = [await score.score(fragments), await summed.numbers(fragments)]
  const pooled = (indices: readonly number[]): number => {
    const pool = new EvidencePool([summed.contrasts], 0)
    for (const i of indices)
      pool.add({ scores: [leads[i]], summed: [numbers[i]], predictions: fragments[i].length - 1, p: 0.5 })
    return pool.scores()[0]
  }
  for (const i of fragments.keys())
    t.ok(Object.is(pooled([i]), leads[i]) || Math.abs(pooled([i]) - leads[i]) < 1e-9)
  const [a, b] = [numbers[0]!, numbers[3]!]
  const sums = a.map((number, k) => number + b[k])
  const expected = Math.abs(sums[0] - sums[1]) + Math.max(sums[2], sums[3])
  t.ok(Math.abs(pooled([0, 3]) - expected) < 1e-9, `${pooled([0, 3])}, ${expected}`)
  const [first] = summed.contrasts(sums)
  t.deepEqual([first.plus.length, first.minus.length], [2, 1])
  const [both] = await fitScores(
    [parseSpec('bothStrands:of=one')],
    nothing(),
    [],
    [{ ...score, name: 'one' }],
  )
  const backward = await summed.numbers(fragments.map(reverseComplement))
  t.deepEqual(
    [...(await both.summed!.numbers(fragments))[0]!],
    [...a].map((number, k) => (number + backward[0]![k]) / 2),
  )
})

test('genusLeads: how the leads come about base by base', async t => {
  for (const options of [
    'alignments=0',
    'alignments=0.2',
    'alignments=0.2,copies=12',
    'alignments=0,copies=12',
  ]) {
    const score = fitOn(`genusLeads:order=5,threshold=30,${options}`, training)
    const [leads, tracks] = [await score.score(fragments), await score.leadTracks!(fragments)]
    for (const [i, lead] of leads.entries()) {
      const track = tracks[i]
      if (Number.isNaN(lead)) {
        t.equal(track, undefined, `fragment ${i}: no track`)
        continue
      }
      t.equal(track!.values.length, fragments[i].length)
      const sum = track!.values.reduce((total, value) => (Number.isNaN(value) ? total : total + value), 0)
      t.ok(Math.abs(sum - lead) < 1e-3, `${options}, fragment ${i}: ${sum}, ${lead}`)
    }
    const kinds = [
      'contexts',
      ...['alignments', 'copies'].filter(kind => options.match(`${kind}=[1-9]|${kind}=0.2`)),
    ]
    t.equal(tracks[0]!.likeliest, kinds.map(kind => `A by ${kind}`).join(', '))
    t.equal(
      tracks[0]!.second,
      kinds.map((kind, i) => `${i === 0 ? 'B' : 'all others'} by ${kind}`).join(', '),
    )
  }
  const score = fitOn('genusLeads:order=5,alignments=0.2,threshold=30', training)
  const [, ofBoth] = await score.leadTracks!(fragments)
  const sumOf = (values: Float32Array) =>
    values.reduce((total, x) => (Number.isNaN(x) ? total : total + x), 0)
  const sums = [ofBoth!.values.subarray(0, 160), ofBoth!.values.subarray(160)].map(sumOf)
  t.ok(Math.abs(sums[0]) > 10 && sums[0] * sums[1] < 0, 'what speaks for the genus, and then against it')
  const overBoth = await fitScores(
    [parseSpec('bothStrands:of=one')],
    nothing(),
    [],
    [{ ...score, name: 'one' }],
  )
  const forward = await overBoth[0].leadTracks!(fragments)
  t.deepEqual(forward[0], (await score.leadTracks!(fragments))[0], 'of the strand that is given')
  t.equal(
    (await fitOn('genusLeads:order=2', [training[0]]).leadTracks!(fragments))[0],
    undefined,
    'one genus',
  )
})

async function* nothing() {}
