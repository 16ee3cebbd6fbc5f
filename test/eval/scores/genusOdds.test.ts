import test from 'tape'
import { reverseComplement } from '../../../data/index.js'
import {
  type EvidentScore,
  fitScores,
  type GenusEvidence,
  leadOfGenera,
  loadScores,
  parseSpec,
  type Score,
} from '../../../eval/scores/index.js'
import { ContextShape } from '../../../eval/scores/memory/contextShape.js'
import { addLogLikelihoods, GenusContexts } from '../../../eval/scores/memory/genusContexts.js'
import { GenusCopies } from '../../../eval/scores/memory/genusCopies.js'
import { RememberedGenomes } from '../../../eval/scores/memory/rememberedGenomes.js'
import { TranslatedAlignments } from '../../../eval/scores/memory/translatedAlignments.js'
import { uniforms } from '../arbitrary.js'
import { fitOn, reload, scoreOf } from './sequences.js'

const random = (length: number, seed: number): Uint8Array =>
  Uint8Array.from(uniforms(seed, length), u => Math.floor(4 * u))

const training = [random(2000, 1), random(1500, 2), random(800, 3)]
const fragments = [
  training[0].subarray(300, 450),
  training[1].subarray(10, 400),
  random(250, 4),
  Uint8Array.from([...random(8190, 5), ...training[2]]),
  Uint8Array.from(training[0].subarray(0, 60), (base, i) => (i % 20 === 0 ? 4 : base)),
  new Uint8Array(30).fill(4),
  ...Array.from({ length: 13 }, (_, length) => random(length, length + 6)),
]

const evidenceOf = ({ genusEvidence }: Score): Promise<readonly (Float64Array | undefined)[]> =>
  genusEvidence!.evidence(fragments)

test('genusOdds: contexts and weighted alignments of each genus; the score is the lead of the greatest', async t => {
  const score = fitOn('genusOdds:order=4,alignments=0.2,threshold=30', training)
  const genomes = RememberedGenomes.of(training.map((bases, i) => ({ genus: 'AB'[i % 2], bases })))
  const contexts = ([0, 1, 2, 3] as const).map(skip =>
    GenusContexts.of(genomes, new ContextShape(skip === 0 ? 4 : 3, skip)),
  )
  const alignments = new TranslatedAlignments(genomes, { threshold: 30 })
  const evidence = await evidenceOf(score)
  const leads = await score.score(fragments)
  t.deepEqual(score.genusEvidence?.genera, ['A', 'B'])
  for (const [i, fragment] of fragments.entries()) {
    const [ofContexts, ofAlignments] = [new Float64Array(2), new Float64Array(2)]
    const [predicted] = contexts.map((ofShape, skip) => {
      const costs = new Float64Array(2)
      const count = ofShape.addCosts(fragment, costs)
      addLogLikelihoods(costs, skip === 0 ? 1 / 2 : 1 / 6, ofContexts)
      return count
    })
    alignments.addScores(fragment, ofAlignments)
    const expected = ofContexts.map((sum, genus) => sum + 0.2 * ofAlignments[genus])
    t.equal(evidence[i] === undefined, predicted === 0, `fragment ${i} of ${fragment.length} bases`)
    t.equal(predicted === 0, fragment.length <= 4 || (fragment[0] === fragment[1] && fragment[1] === 4))
    const [a, b] = evidence[i] ?? [Number.NaN, Number.NaN]
    if (evidence[i]) t.ok(Math.abs(a - expected[0]) + Math.abs(b - expected[1]) < 1e-9)
    t.ok(Object.is(leads[i], Math.abs(a - b)))
  }
  t.ok(leads[0] > 20 && leads[1] > 20 && leads[2] < 20, `${leads[0]}, ${leads[1]}, ${leads[2]}`)
})

test('genusOdds: with copies, a base is the copied one or what contexts predict', async t => {
  const genomes = RememberedGenomes.of(training.map((bases, i) => ({ genus: 'AB'[i % 2], bases })))
  const copies = new GenusCopies(genomes, 16)
  const contexts = fitOn('genusOdds:order=4,alignments=0', training)
  // A copy with a substitution, and one of the other strand
  const changed = training[0].slice(500, 620)
  changed[70] ^= 1
  const batch = [changed, reverseComplement(training[1].subarray(40, 160)), random(60, 30)]
  const likelihoods = (sequences: readonly Uint8Array[]) => contexts.genusEvidence!.evidence(sequences)
  const plain = await likelihoods(batch)
  for (const weight of [1, 0.25]) {
    const score = fitOn(`genusOdds:order=4,alignments=0,copies=16,copyWeight=${weight}`, training)
    const evidence = await score.genusEvidence!.evidence(batch)
    for (const [f, fragment] of batch.entries()) {
      const prefixes = await likelihoods(
        Array.from({ length: fragment.length + 1 }, (_, i) => fragment.subarray(0, i)),
      )
      const expected = [...plain[f]!]
      copies.predict(fragment, (i, genus, isRight, w) => {
        const p = Math.exp(prefixes[i + 1]![genus] - prefixes[i]![genus])
        expected[genus] += weight * Math.log((w * Number(isRight) + (1 - w) * p) / p)
      })
      for (const [genus, sum] of expected.entries())
        t.ok(Math.abs(evidence[f]![genus] - sum) < 1e-9, `${weight}, ${f}: ${evidence[f]![genus]}, ${sum}`)
    }
    t.ok(evidence[0]![0] > plain[0]![0] + 20 * weight && evidence[1]![1] > plain[1]![1] + 20 * weight)
    t.deepEqual([...evidence[2]!], [...plain[2]!], 'nothing is copied by chance')
  }
  t.throws(() => fitOn('genusOdds:copies=33', training), /copies is '33'; give a whole number from 0 to 32/)
  t.throws(() => fitOn('genusOdds:copyWeight=-1', training), /copyWeight is '-1'; give a number from 0 on/)
})

test('genusOdds: stored and loaded, the same bits; damage is refused', async t => {
  for (const options of ['order=5', 'order=5,copies=12,copyWeight=0.5']) {
    const score = fitOn(`genusOdds:${options}`, training)
    const loaded = reload(score)
    t.deepEqual([...(await loaded.score(fragments))], [...(await score.score(fragments))], options)
    t.deepEqual(await evidenceOf(loaded), await evidenceOf(score))
  }
  t.ok(
    [...(await fitOn('genusOdds:alignments=0,order=2', [training[0]]).score(fragments))].every(Number.isNaN),
  )
  const stored = fitOn('genusOdds:alignments=0,order=2', training).store()
  const beyond = { ...stored, arrays: { ...stored.arrays, stretches: Uint32Array.of(2, 0, 10) } }
  t.throws(() => loadScores([beyond]), /genusOdds0-2: its stretches lie outside/)
  const withCopies = (copies: number) => ({ ...stored, settings: { ...stored.settings, copies } })
  t.throws(
    () => loadScores([withCopies(40)]),
    /copies that begin with 40 bases: give a whole number from 1 to 32/,
  )
  const { lookUp, ...before } = stored.settings
  t.throws(
    () => loadScores([{ ...stored, settings: before }]),
    /genusOdds0-2: was fitted by another version.*fit it again/,
    `the way that genomes are looked up (${lookUp}) is not told`,
  )
})

/** A score of evidence that is a function of the fragment's length. */
const evident = (name: string, genera: readonly string[], of: (length: number) => number[]): EvidentScore =>
  leadOfGenera(name, {
    genera,
    evidence: async fragments =>
      fragments.map(({ length }) => (length ? Float64Array.from(of(length)) : undefined)),
  })

async function* nothing() {}

test('pooledOdds: evidence is summed genus by genus, with weights; then the lead', async t => {
  const one = evident('one', ['A', 'B', 'C'], length => [length, 5, 0])
  const two = evident('two', ['C', 'A', 'B'], length => [1, 2, length])
  const pool = async (options: string) =>
    (await fitScores([parseSpec(`pooledOdds:name=pool,of=${options}`)], nothing(), [], [one, two]))[0]
  const batch = [10, 4, 0].map(length => new Uint8Array(length))
  const plain = await pool('one+two')
  // A, B, C: 10 + 2, 5 + 10, 0 + 1; 4 + 2, 5 + 4, 0 + 1
  t.deepEqual([...(await plain.score(batch))], [3, 3, Number.NaN])
  const weighted = await pool('one+two,weights=2+0.5')
  // 20 + 1, 10 + 5, 0.5; 8 + 1, 10 + 2, 0.5
  t.deepEqual([...(await reload(weighted, [one, two]).score(batch))], [6, 3, Number.NaN])
  const ofPools = await fitScores(
    ['pooledOdds:name=p,of=one+two', 'pooledOdds:name=q,of=p+one'].map(parseSpec),
    nothing(),
    [],
    [one, two],
  )
  // A, B, C: 22, 20, 1; 10, 14, 1
  t.deepEqual([...(await ofPools[1].score(batch))], [2, 4, Number.NaN], 'a pool judges genera, too')
  const refused = (options: string, others: readonly Score[]) =>
    fitScores([parseSpec(`pooledOdds:name=pool,of=${options}`)], nothing(), [], others).catch(e => e.message)
  t.match(await refused('one+two,weights=1', [one, two]), /pool: 1 weights for 2 scores; give one for each/)
  const other = evident('other', ['A', 'B', 'Vibrio'], () => [1, 2, 3])
  t.match(
    await refused('one+other', [one, other]),
    /other and one do not judge the same genera: only one of them knows Vibrio, C/,
  )
  t.match(
    await refused('one+x', [one, scoreOf('x', () => 0)]),
    /pool: x says nothing of single genera; pool scores that do/,
  )
  t.throws(
    () => parseSpec('pooledOdds:of=a+b,weights=1+-2'),
    /weights is '1\+-2'; give numbers from 0 on, joined by \+/,
  )
})

test('evidence of a batch is computed once, for all that ask', async t => {
  let calls = 0
  const genusEvidence: GenusEvidence = {
    genera: ['A', 'B'],
    async evidence(fragments) {
      calls++
      return fragments.map(() => Float64Array.of(1, 4))
    },
  }
  const score = leadOfGenera('counted', genusEvidence)
  const [pool] = await fitScores([parseSpec('pooledOdds:of=counted')], nothing(), [], [score])
  const batch = [new Uint8Array(3)]
  const results = await Promise.all([
    score.score(batch),
    pool.score(batch),
    pool.genusEvidence!.evidence(batch),
  ])
  t.deepEqual([...results[0], ...results[1]], [3, 3])
  t.equal(calls, 1)
})

/** The sum of a track's values that are known. */
const total = (values: Float32Array): number =>
  values.reduce((sum, x) => (Number.isNaN(x) ? sum : sum + x), 0)

const tracksOf = ({ leadTracks }: Score, batch = fragments) => leadTracks!(batch)

test('genusOdds, pooledOdds: how a lead comes about base by base', async t => {
  const contexts = fitOn('genusOdds:order=5,alignments=0', training)
  const whole = fitOn('genusOdds:order=5,alignments=0.2,threshold=30', training)
  const copying = fitOn('genusOdds:order=5,alignments=0.2,threshold=30,copies=16,copyWeight=0.5', training)
  const [pool] = await fitScores(
    [parseSpec('pooledOdds:name=pool,of=contexts+whole,weights=0.5+2')],
    nothing(),
    [],
    [contexts, whole].map((score, i) => ({ ...score, name: ['contexts', 'whole'][i] })),
  )
  for (const score of [contexts, whole, copying, pool]) {
    const [leads, tracks] = [await score.score(fragments), await tracksOf(score)]
    for (const [i, lead] of leads.entries()) {
      const track = tracks[i]
      if (Number.isNaN(lead)) t.equal(track, undefined, `fragment ${i}: no track`)
      else
        t.ok(Math.abs(total(track!.values) - lead) < 1e-3, `fragment ${i}: ${total(track!.values)}, ${lead}`)
    }
    t.deepEqual([tracks[0]!.likeliest, tracks[0]!.second, tracks[1]!.likeliest], ['A', 'B', 'B'])
  }
  const isKnown = [...(await tracksOf(contexts))[4]!.values].map(value => !Number.isNaN(value))
  const bases = fragments[4]
  t.deepEqual(
    isKnown,
    isKnown.map((_, i) => i >= 5 && !bases.subarray(i - 5, i + 1).includes(4)),
    'a base without its context is not known',
  )
  const first = (await tracksOf(whole))[0]!.values.subarray(0, 5)
  t.ok(
    first.some(value => value > 0),
    'what an alignment adds is spread over its bases, also those without contexts',
  )
})

test('evidence over both strands is the mean of both', async t => {
  const score = fitOn('genusOdds:order=4', training)
  const [both] = await fitScores(
    [parseSpec('bothStrands:of=one')],
    nothing(),
    [],
    [{ ...score, name: 'one' }],
  )
  const [evidence, forward, backward] = [
    await evidenceOf(both),
    await evidenceOf(score),
    await score.genusEvidence!.evidence(fragments.map(reverseComplement)),
  ]
  for (const [i, ofGenera] of evidence.entries())
    t.deepEqual(
      ofGenera && [...ofGenera],
      forward[i] && [...forward[i]].map((x, g) => (x + backward[i]![g]) / 2),
    )
  const [greatest] = await fitScores(
    [parseSpec('bothStrands:of=one,join=max')],
    nothing(),
    [],
    [{ ...score, name: 'one' }],
  )
  t.equal(greatest.genusEvidence, undefined, 'the greater of two leads is no lead of summed evidence')
})

test('genusOdds: a long fragment is judged in stretches, and tells of them', async t => {
  const score = fitOn('genusOdds:order=4,threshold=30', training)
  const long = Uint8Array.from([...training[1], ...random(290_000, 40), ...training[2]])
  const told: number[] = []
  const batch = [training[0], long]
  const [sums] = [await score.score(batch, bases => told.push(bases))]
  t.deepEqual(told, [131_072, 131_072])
  const again = await score.score([...batch].reverse())
  t.deepEqual([...sums].reverse(), [...again], 'the same bits without')
})

test('prepare: what fragments are looked up in is made once, and says how far it is', async t => {
  const score = fitOn('genusOdds:order=4', training)
  const shares: number[] = []
  const [leads] = await Promise.all([
    score.score(fragments),
    score.prepare!((share, what) => {
      shares.push(share)
      t.equal(what, 'remembering 0.0043 Mbp')
    }),
  ])
  t.deepEqual(shares, [], 'it was being made already')
  const other = fitOn('genusOdds:order=4', training)
  await other.prepare!(share => shares.push(share))
  t.ok(shares[0] === 0 && shares.at(-1) === 1 && shares.every((share, i) => i === 0 || share > shares[i - 1]))
  t.deepEqual([...(await other.score(fragments))], [...leads])
  const stored = fitOn('genusOdds:alignments=0,order=2', training).store()
  t.throws(
    () => loadScores([{ ...stored, settings: { ...stored.settings, order: 15 } }]),
    /contexts of 15 bases: give a whole number from 1 to 11/,
  )
})
