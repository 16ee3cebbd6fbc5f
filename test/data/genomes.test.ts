import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import test from 'tape'
import {
  findGenomes,
  type Genome,
  numberGenera,
  openGenomes,
  readManifest,
  splitByParts,
  splitGenomes,
  trainingParts,
} from '../../data/genomes.js'
import { InputError } from '../../data/io/inputError.js'
import { sharedPath, testShared } from '../shared.js'

const genome = (genus: string, accession: string, file = `${accession}.fna`): Genome => ({
  file,
  accession,
  genus,
  group: '',
  length: 0,
  parts: [],
})

const anyGenomes = fc
  .array(fc.record({ genus: fc.nat(4), accession: fc.nat(12), version: fc.integer({ min: 1, max: 2 }) }), {
    maxLength: 40,
  })
  // An accession belongs to one genus: it carries the genus' number.
  .map(rows =>
    rows.map((r, i) => genome(`G${r.genus}`, `GCF_${r.genus}${r.accession}.${r.version}`, `${i}.fna`)),
  )

test('splitGenomes: no accession in two sets, every genome in one, the first set first', t => {
  fc.assert(
    fc.property(anyGenomes, fc.nat(1000), (genomes, seed) => {
      const sets = splitGenomes(genomes, { train: 0.7, val: 0.2, test: 0.1 }, seed)
      const accessions = (name: 'train' | 'val' | 'test') =>
        new Set(sets[name].map(part => part.genome.accession.replace(/\.\d$/, '')))
      const [train, val, held] = (['train', 'val', 'test'] as const).map(accessions)
      const genera = (of: { genome: Genome }[]) => new Set(of.map(part => part.genome.genus)).size
      return (
        [...train].every(a => !val.has(a) && !held.has(a)) &&
        [...val].every(a => !held.has(a)) &&
        sets.train.length + sets.val.length + sets.test.length === genomes.length &&
        Object.values(sets)
          .flat()
          .every(({ from, to }) => from === 0 && to === 1) &&
        genera(sets.train) === new Set(genomes.map(g => g.genus)).size &&
        genera(sets.test) <= genera(sets.val)
      )
    }),
  )
  t.pass()
  t.end()
})

test('splitGenomes: shares, and the seed', t => {
  const genomes = Array.from({ length: 50 }, (_, i) => genome('G', `NC_${i}`))
  const sets = splitGenomes(genomes, { train: 0.8, val: 0.2 }, 1)
  t.deepEqual([sets.train.length, sets.val.length], [40, 10])
  t.deepEqual(splitGenomes(genomes, { train: 0.8, val: 0.2 }, 1), sets)
  t.notDeepEqual(splitGenomes(genomes, { train: 0.8, val: 0.2 }, 2), sets)
  t.throws(() => splitGenomes(genomes, { train: 0.8, val: 0 }, 1), /share of val: got 0/)
  const alien = [genome('A', 'GCF_1.1', 'a.fna'), genome('B', 'GCA_1.2', 'b.fna')]
  t.throws(() => splitGenomes(alien, { train: 1 }, 1), /b.fna: accession GCA_1.2 is B, but A in a.fna/)
  t.end()
})

function manifest(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'xenograd-')), 'MANIFEST.tsv')
  writeFileSync(path, text)
  return path
}

test('readManifest: columns in any order, parts, defaults', async t => {
  const path = manifest('genus\tfile\tpart\r\nA\ta.fna.gz\ttrain:0-0.7;val:0.7-0.85\r\nB\tb.fa\r\n\r\n')
  const genomes = await readManifest(path)
  t.deepEqual(
    genomes.map(g => [g.genus, g.accession, g.group, g.parts.length]),
    [
      ['A', 'a', '', 2],
      ['B', 'b', '', 0],
    ],
  )
  t.ok(genomes[0].file.endsWith('/a.fna.gz') && genomes[0].file.startsWith('/'))
  t.deepEqual(
    [...numberGenera(genomes)],
    [
      ['A', 0],
      ['B', 1],
    ],
  )
  const sets = splitByParts(genomes.slice(0, 1))
  t.deepEqual(
    [...sets].map(([name, parts]) => [name, parts[0].from, parts[0].to]),
    [
      ['train', 0, 0.7],
      ['val', 0.7, 0.85],
    ],
  )
  t.throws(() => splitByParts(genomes), /b.fa: the manifest gives it no part/)
})

test('readManifest: mistakes are named with their line', async t => {
  const cases: [string, RegExp][] = [
    ['file\tset\na\tID\n', /line 1: the header has no column 'genus'$/],
    ['file\tgenus\n\tA\n', /line 2: file is missing$/],
    ['file\tgenus\na\n', /line 2: genus is missing$/],
    ['file\tgenus\tpart\na\tA\ttrain:0-2\n', /line 2: part 'train:0-2' is not SET:FROM-TO/],
    ['file\tgenus\tpart\na\tA\ttrain\n', /line 2: part 'train' is not SET:FROM-TO/],
    ['file\tgenus\tpart\na\tA\ttrain:0.5-0.5\n', /line 2: part/],
    ['file\tgenus\tpart\na\tA\tval:0.6-1;train:0-0.7\n', /line 2: parts overlap: val:0.6-1;train:0-0.7$/],
  ]
  for (const [text, expected] of cases)
    await readManifest(manifest(text)).then(
      () => t.fail(text),
      error => t.ok(error instanceof InputError && expected.test(error.message), error.message),
    )
  await readManifest('/no/such').then(
    () => t.fail(),
    error => t.equal(error.message, '/no/such: no such file'),
  )
})

testShared('the collection of real genomes: by its manifest and by its file names', async t => {
  const genomes = await readManifest(sharedPath('data/genomes/MANIFEST.tsv'))
  t.equal(genomes.length, 89)
  t.equal(numberGenera(genomes).get('Yersinia'), 9)
  const known = genomes.filter(g => g.group === 'ID')
  t.equal(numberGenera(known).size, 10)
  const parts = splitByParts(known)
  t.deepEqual([...parts.keys()].sort(), ['train', 'val'])
  for (const set of parts.values()) t.equal(numberGenera(set.map(part => part.genome)).size, 10)
  const whole = splitGenomes(known, { train: 0.7, val: 0.3 }, 1)
  t.equal(numberGenera(whole.val.map(part => part.genome)).size, 9, 'Burkholderia has but one genome')

  const byName = await findGenomes(sharedPath('data/genomes'))
  t.equal(byName.length, 89)
  const genusOf = new Map(genomes.map(g => [g.file, g.genus]))
  t.ok(byName.every(g => g.genus === genusOf.get(g.file)))
})

test('a manifest with a genus in two sets, or a file twice, names both lines', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  const path = join(folder, 'MANIFEST.tsv')
  const message = async (rows: string) => {
    writeFileSync(path, `file\tset\tgenus\n${rows}`)
    return readManifest(path).catch((error: Error) => `${error.name}: ${error.message}`)
  }
  t.match(
    String(await message('a.fna\tID\tBacillus\nb.fna\tOOD\tVibrio\nc.fna\tOOD\tBacillus\n')),
    /InputError: .* line 4: genus Bacillus is in set 'OOD', but in 'ID' on line 2; a genus belongs to one set/,
  )
  t.match(
    String(await message('a.fna\tID\tBacillus\na.fna\tID\tBacillus\n')),
    /line 3: a\.fna is listed on line 2, too/,
  )
  t.match(
    String(await message('a.fna\tID\tBacillus\n./a.fna\tID\tBacillus\n')),
    /line 3: \.\/a\.fna is listed on line 2, too/,
  )
  t.match(
    String(await message('a.fna\tID\tBacillus\nb.fna\tOOD\tbacillus\n')),
    /line 3: genus bacillus is called Bacillus on line 2; write it in one way/,
  )
  writeFileSync(
    path,
    'file\tgenus\taccession\tpart\na.fna\tBacillus\tGCF_1.1\ttrain:0-1\nb.fna\tBacillus\tGCA_1.2\tval:0-1\n',
  )
  t.match(
    await readManifest(path).then(String, String),
    /line 3: GCA_1\.2 is for val, but for train on line 2; a genome in several files belongs to the same sets/,
  )
  const absolute = join(tmpdir(), 'elsewhere.fna')
  const genomes = await message(`${absolute}\tID\tBacillus\nb.fna\tID\tBacillus\n`)
  t.deepEqual(
    Array.isArray(genomes) && genomes.map(({ file }) => file),
    [absolute, join(folder, 'b.fna')],
    'absolute paths are taken as they are',
  )
})

test('trainingParts: what is called train, or all where nothing has parts', async t => {
  const plain = [
    genome('A', '1'),
    { ...genome('B', '2'), group: 'OOD' },
    { ...genome('C', '3'), group: 'ID' },
  ]
  t.deepEqual(
    trainingParts(plain, 'm').map(part => [part.genome.genus, part.from, part.to]),
    [
      ['A', 0, 1],
      ['C', 0, 1],
    ],
  )
  const parts = [
    { set: 'train', from: 0, to: 0.7 },
    { set: 'val', from: 0.7, to: 1 },
  ]
  t.deepEqual(
    trainingParts([{ ...genome('A', '1'), parts }], 'm').map(part => [part.from, part.to]),
    [[0, 0.7]],
  )
  t.throws(
    () => trainingParts([{ ...genome('A', '1'), parts: parts.slice(1) }], 'm'),
    /m: no genome for training/,
  )
  t.end()
})

test('openGenomes: a manifest, a folder with one, a folder of FASTA, a FASTA file', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  const file = join(folder, 'Vibrio_x.fna')
  writeFileSync(file, '>a\nACGT\n')
  const genera = async (path: string) => (await openGenomes(path)).map(({ genus, file }) => [genus, file])
  t.deepEqual(await genera(folder), [['Vibrio', file]])
  t.deepEqual(await genera(file), [['Vibrio', file]])
  const manifest = join(folder, 'MANIFEST.tsv')
  writeFileSync(manifest, 'file\tgenus\nVibrio_x.fna\tOther\n')
  t.deepEqual(await genera(folder), [['Other', file]])
  t.deepEqual(await genera(manifest), [['Other', file]])
  const missing = await openGenomes(join(folder, 'none')).catch((error: Error) => error.message)
  t.match(String(missing), /none: no such file or folder/)
})
