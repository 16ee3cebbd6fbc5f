import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import test from 'tape'
import { findGenomes, type GenomePart, readManifest, splitByParts } from '../../data/genomes.js'
import { InputError } from '../../data/io/inputError.js'
import { decode, encode, type Read, reverseComplement } from '../../data/read.js'
import { loadReads } from '../../data/readSet.js'
import { type SampleOptions, sampleReads } from '../../data/sample.js'
import { writeReads } from '../../data/writeReads.js'
import { sharedPath, testShared } from '../shared.js'

/** A folder of genomes, each given as its contigs. */
async function genomesOf(files: Record<string, string[]>): Promise<GenomePart[]> {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  for (const [name, contigs] of Object.entries(files))
    writeFileSync(join(folder, `${name}.fna`), contigs.map((contig, i) => `>c${i + 1}\n${contig}\n`).join(''))
  return (await findGenomes(folder)).map(genome => ({ genome, from: 0, to: 1 }))
}

const options: SampleOptions = { length: 5, perGenus: 40, seed: 1 }

/** Contig, first and last position and strand, from a read's name. */
function placeOf({ name }: Read): {
  genome: string
  contig: number
  first: number
  last: number
  strand: string
} {
  const [, genome, contig, first, last, strand] =
    /^[^|]+\|([^|]+)\|c(\d+):(\d+)-(\d+)\|([+-])$/.exec(name) ?? []
  return { genome, contig: Number(contig), first: Number(first), last: Number(last), strand }
}

test('a read is the window that its name says, on its strand, of known bases only', async t => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.stringMatching(/^[ACGT]{4,30}(N[ACGT]{0,20}){0,3}$/), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 6 }),
      fc.nat(100),
      async (contigs, length, seed) => {
        const parts = await genomesOf({ A_x: contigs })
        const long = new RegExp(`[ACGT]{${length}}`)
        const reads = await sampleReads(parts, { ...options, length, seed }).catch(error => {
          if (error instanceof InputError && !contigs.some(contig => long.test(contig))) return []
          throw error
        })
        return reads.every(read => {
          const { contig, first, last, strand } = placeOf(read)
          const window = encode(contigs[contig - 1].slice(first - 1, last))
          const expected = decode(strand === '+' ? window : reverseComplement(window))
          return decode(read.bases) === expected && expected.length === length && !expected.includes('N')
        })
      },
    ),
    { numRuns: 50 },
  )
  t.pass()
})

test('every genus has the same number of reads, and labels', async t => {
  const parts = await genomesOf({
    A_x: ['ACGTACGTAC'],
    A_y: ['TTTTTTTTTT'],
    B_x: ['G'.repeat(500)],
    Candidatus_C_z: ['CCCCCC'],
  })
  const reads = await sampleReads(parts, {
    ...options,
    labels: new Map([
      ['A', 7],
      ['B', 9],
    ]),
  })
  t.equal(reads.length, 120)
  for (const [genus, label] of [
    ['A', 7],
    ['B', 9],
    ['Candidatus_C', undefined],
  ] as const) {
    const ofGenus = reads.filter(read => read.genus === genus)
    t.equal(ofGenus.length, 40)
    t.ok(ofGenus.every(read => read.label === label && read.name.startsWith(`${genus}|`)))
  }
  t.notOk(
    reads.slice(0, 40).every(read => read.genus === 'A'),
    'genera are mixed',
  )
})

test('windows are uniform over contigs by their length, and strands alike', async t => {
  const parts = await genomesOf({
    A_x: ['A'.repeat(104), `${'C'.repeat(34)}N${'C'.repeat(54)}`, 'GGG', 'GGGG'],
  })
  const perGenus = 9000
  const reads = (await sampleReads(parts, { ...options, perGenus })).map(placeOf)
  // 100 windows of five bases in the first contig, 30 and 50 in the second, none in the others.
  const counts = new Map<string, number>()
  for (const { contig, first } of reads)
    counts.set(`${contig}:${first}`, (counts.get(`${contig}:${first}`) ?? 0) + 1)
  t.equal(counts.size, 180)
  const expected = perGenus / 180
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  t.ok(chiSquare < 255, `chi-square ${chiSquare.toFixed(0)} with 179 degrees of freedom; 255 has p = 0.0002`)
  const forward = reads.filter(place => place.strand === '+').length
  t.ok(Math.abs(forward - perGenus / 2) < 4 * Math.sqrt(perGenus / 4), `${forward} of ${perGenus} forward`)
  const one = await sampleReads(parts, { ...options, bothStrands: false })
  t.ok(one.every(read => placeOf(read).strand === '+'))
})

test('no window crosses the border of a part; contigs are laid end to end', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  writeFileSync(join(folder, 'a.fna'), `>c1\n${'ACGT'.repeat(10)}\n>c2\n${'ACGT'.repeat(15)}\n`)
  writeFileSync(join(folder, 'm.tsv'), 'file\tgenus\tpart\na.fna\tA\ttrain:0-0.7;val:0.7-0.85\n')
  const sets = splitByParts(await readManifest(join(folder, 'm.tsv')))
  const positions = async (set: string) =>
    (await sampleReads(sets.get(set)!, { ...options, perGenus: 2000 })).map(read => {
      const { contig, first, last } = placeOf(read)
      const offset = contig === 1 ? 0 : 40
      return { first: offset + first, last: offset + last }
    })
  const train = await positions('train')
  const val = await positions('val')
  t.deepEqual([Math.min(...train.map(p => p.first)), Math.max(...train.map(p => p.last))], [1, 70])
  t.deepEqual([Math.min(...val.map(p => p.first)), Math.max(...val.map(p => p.last))], [71, 85])
})

test('parts are fractions of length_bp where the file ends before the genome does', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  writeFileSync(join(folder, 'a.fna'), `>c1\n${'ACGT'.repeat(21)}A\n`)
  const row = 'a.fna\tA\ttrain:0-0.7;val:0.7-0.85;test:0.85-1\t100\n'
  writeFileSync(join(folder, 'm.tsv'), `file\tgenus\tpart\tlength_bp\n${row}`)
  const sets = splitByParts(await readManifest(join(folder, 'm.tsv')))
  const val = (await sampleReads(sets.get('val')!, { ...options, perGenus: 1000 })).map(placeOf)
  t.deepEqual([Math.min(...val.map(p => p.first)), Math.max(...val.map(p => p.last))], [71, 85])
  await sampleReads(sets.get('test')!, options).then(
    () => t.fail(),
    error => t.ok(error instanceof InputError),
  )
})

test('a pure function of genomes and seed; a genus does not depend on the others', async t => {
  const contig = 'ACGTTGCAAC'.repeat(50)
  const parts = await genomesOf({ A_x: [contig], B_x: [contig] })
  t.deepEqual(await sampleReads(parts, options), await sampleReads(parts, options))
  const names = (reads: Read[]) =>
    reads
      .map(read => read.name)
      .filter(name => name.startsWith('A'))
      .sort()
  t.deepEqual(names(await sampleReads(parts, options)), names(await sampleReads(parts.slice(0, 1), options)))
  t.notDeepEqual(
    names(await sampleReads(parts, options)),
    names(await sampleReads(parts, { ...options, seed: 2 })),
  )
})

test('nothing to sample from, and nonsense, are errors', async t => {
  const parts = await genomesOf({ A_x: ['ACGTNACGTN'] })
  const message = (changed: Partial<SampleOptions>) =>
    sampleReads(parts, { ...options, ...changed }).then(
      () => 'no error',
      error => error.message,
    )
  t.match(await message({}), /A_x.fna: no 5 bases of ACGT in a row to sample a read of A from/)
  t.match(await message({ length: 0 }), /read length: got 0/)
  t.match(await message({ perGenus: -1 }), /reads per genus: got -1/)
})

testShared('reads of real genomes, written as TFRecord, are a training set', async t => {
  const genomes = await readManifest(sharedPath('data/genomes/MANIFEST.tsv'))
  const few = genomes.filter(genome => /Mycoplasma|Wolbachia/.test(genome.genus))
  const reads = await sampleReads(splitByParts(few).get('val')!, { length: 250, perGenus: 100, seed: 3 })
  const path = join(mkdtempSync(join(tmpdir(), 'xenograd-')), 'in_tr.tfrecord')
  t.equal(await writeReads(path, reads), 200)
  const set = await loadReads([path], { length: 250 })
  t.deepEqual(
    [...set.tokens],
    reads.flatMap(read => [...read.bases]),
  )
})
