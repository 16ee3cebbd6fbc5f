import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import test from 'tape'
import {
  FragmentBatches,
  type FragmentOptions,
  type FragmentSource,
  genomeSources,
  lengthsBetween,
  recordSources,
} from '../../data/fragments.js'
import { decode, encode, type Read, reverseComplement } from '../../data/read.js'
import { segmentsOf } from '../../data/segments.js'

/** A genus of the given contigs. */
function sourceOf(genus: string, contigs: string[], label?: number): FragmentSource {
  const reads = contigs.map((contig, i): Read => ({ name: `c${i}`, bases: encode(contig) }))
  return {
    genus,
    segments: reads.flatMap(contig => segmentsOf(genus, contig)),
    ...(label !== undefined && { label }),
  }
}

const options: FragmentOptions = { batchSize: 6, seed: 5, lengths: [8] }

/** The reads of a batch. */
function readsOf(batch: Int32Array, batchSize: number): string[] {
  const length = batch.length / batchSize
  return Array.from({ length: batchSize }, (_, i) =>
    decode(Uint8Array.from(batch.subarray(i * length, (i + 1) * length))),
  )
}

const contig = fc.stringMatching(/^[ACGT]{12,30}(N[ACGT]{0,20}){0,3}$/)
const genera = fc.array(fc.array(contig, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 })

test('fragments are windows of known bases of their genus, on either strand, balanced over genera', t => {
  fc.assert(
    fc.property(genera, fc.nat(1000), fc.integer({ min: 1, max: 9 }), (contigs, seed, batchSize) => {
      const sources = contigs.map((ofGenus, i) => sourceOf(`G${i}`, ofGenus, i))
      const batches = new FragmentBatches(sources, { batchSize, seed, lengths: [5, 8, 12] })
      return [0, 1, 7].every(step => {
        const reads = readsOf(batches.batchAt(step), batchSize)
        const labels = batches.labelsAt(step)
        const counts = contigs.map((_, i) => labels.filter(label => label === i).length)
        return (
          Math.max(...counts) - Math.min(...counts) <= 1 &&
          reads.every((read, i) => {
            const other = decode(reverseComplement(encode(read)))
            const ofGenus = contigs[labels[i]]
            return !read.includes('N') && ofGenus.some(c => c.includes(read) || c.includes(other))
          })
        )
      })
    }),
    { numRuns: 60 },
  )
  t.pass()
  t.end()
})

test('a batch is a pure function of seed and step, in any order', t => {
  const sources = [sourceOf('A', ['ACGTTGCAGGTCATTACG'.repeat(20)]), sourceOf('B', ['GGATCCTTAA'.repeat(30)])]
  const all: FragmentOptions = { ...options, lengths: [10, 20], windows: 3, mutationRate: 0.2 }
  const one = new FragmentBatches(sources, all)
  const other = new FragmentBatches(sources, all)
  const steps = [0, 1, 2, 3, 4, 5, 6, 7, 8]
  const forth = steps.map(step => one.batchAt(step))
  const back = steps.toReversed().map(step => other.batchAt(step))
  t.deepEqual(forth, back.toReversed())
  t.notDeepEqual(new FragmentBatches(sources, { ...all, seed: 6 }).batchAt(0), forth[0], 'the seed matters')
  t.deepEqual([...new Set(forth.map(batch => batch.length))].sort(), [120, 60], 'both lengths')
  t.end()
})

test('windows of a fragment follow each other, with a base in common', t => {
  const genome = 'ACGTTGCAGGTCATTACGGATCCATTTACGCGC'.repeat(8)
  for (const mutationRate of [0, 0.3]) {
    const whole = { ...options, seed: 9, mutationRate, lengths: [3 * 9 + 1] }
    const inOne = readsOf(new FragmentBatches([sourceOf('A', [genome])], whole).batchAt(2), 6)
    const cut = new FragmentBatches([sourceOf('A', [genome])], { ...whole, lengths: [10], windows: 3 })
    const [a, b, c] = [6, 7, 8].map(step => readsOf(cut.batchAt(step), 6))
    t.deepEqual(
      a.map((first, i) => first + b[i].slice(1) + c[i].slice(1)),
      inOne,
      `mutation rate ${mutationRate}`,
    )
  }
  t.end()
})

test('mutations are independent of the fragment and of the expected number', t => {
  const batches = (mutationRate: number) =>
    new FragmentBatches([sourceOf('A', ['ACGTTGCAGGTCATTACG'.repeat(50)])], {
      ...options,
      batchSize: 50,
      lengths: [100],
      mutationRate,
    }).batchAt(3)
  const [plain, mutated] = [batches(0), batches(0.1)]
  const changed = plain.filter((base, i) => base !== mutated[i]).length
  t.ok(changed > 400 && changed < 600, `${changed} of 5000 bases at a rate of 0.1`)
  t.end()
})

test('what cannot be sampled is named', t => {
  const short = () => new FragmentBatches([sourceOf('A', ['ACGTNACGTAC'])], options)
  t.throws(short, /A: no 8 bases of ACGT in a row to sample a fragment from, at most 6/)
  const none = () => new FragmentBatches([], options)
  t.throws(none, /0 sources and 1 lengths/)
  const batches = () => new FragmentBatches([sourceOf('A', ['ACGTACGTACGT'])], { ...options, windows: 0 })
  t.throws(batches, /windows: got 0/)
  t.end()
})

test('sources: genera of genomes with their labels, genera of records', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  const file = join(folder, 'a.fna')
  writeFileSync(file, '>x genus=A label=2\nACGTNNACGT\n>y\nTTTT\n>z genus=A label=2\nCCCC\n')
  const records = await recordSources([file])
  t.deepEqual(
    records.map(({ genus, label, segments }) => [genus, label, segments.length]),
    [
      ['A', 2, 3],
      ['', undefined, 1],
    ],
  )
  const genome = { file, accession: 'a', genus: 'G', group: '', length: 0, parts: [] }
  const [source] = await genomeSources([{ genome, from: 0, to: 0.5 }], new Map([['G', 4]]))
  t.deepEqual(
    [source.genus, source.label, source.segments.map(({ start, end }) => [start, end])],
    [
      'G',
      4,
      [
        [0, 4],
        [6, 9],
      ],
    ],
  )
  writeFileSync(file, '>x\n\n>y\n')
  try {
    await genomeSources([{ genome, from: 0, to: 1 }])
    t.fail('accepted')
  } catch (error) {
    t.match(String(error), /a\.fna: an empty genome: 2 records without a base/)
  }
})

test('lengthsBetween: few, both ends, growing evenly', t => {
  t.deepEqual(lengthsBetween(250, 250), [250])
  t.deepEqual(lengthsBetween(125, 250), [125, 177, 250])
  const many = lengthsBetween(50, 20_000)
  t.deepEqual([many.length, many[0], many.at(-1)], [8, 50, 20_000])
  t.end()
})
