import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { decode, type GenomePart, InputError, sequencesOf } from '../../data/index.js'

/** A part of a genome of some contigs; `length`: what a manifest says of the whole genome. */
function partOf(contigs: readonly string[], from: number, to: number, length = 0): GenomePart {
  const file = join(mkdtempSync(join(tmpdir(), 'xenograd-')), 'Genus_x.fna')
  writeFileSync(file, contigs.map((bases, i) => `>c${i}\n${bases}\n`).join(''))
  return { genome: { file, accession: 'x', genus: 'Genus', group: '', length, parts: [] }, from, to }
}

async function textOf(part: GenomePart): Promise<string> {
  const sequences: string[] = []
  for await (const { genus, bases } of sequencesOf([part])) sequences.push(`${genus}:${decode(bases)}`)
  return sequences.join(' ')
}

test('sequencesOf: the known bases of parts of genomes, contigs laid end to end', async t => {
  const contigs = ['AACCGG', 'TTNAC']
  t.equal(await textOf(partOf(contigs, 0, 1)), 'Genus:AACCGG Genus:TT Genus:AC')
  t.equal(await textOf(partOf(contigs, 0.2, 0.9)), 'Genus:CCGG Genus:TT')
  t.equal(
    await textOf(partOf(contigs, 0.2, 0.8, 20)),
    'Genus:GG Genus:TT Genus:AC',
    'the file ends before the genome',
  )
})

test('sequencesOf: a part without a known base is an error', async t => {
  for (const part of [partOf(['ACNN', 'NN'], 0.5, 1), partOf(['ACGT'], 0.9, 1, 100)]) {
    const error = await textOf(part).catch(error => error)
    t.ok(error instanceof InputError)
    t.match(error.message, /Genus_x\.fna: no base of ACGT in the part from 0\.\d to 1 of the genome/)
  }
})
