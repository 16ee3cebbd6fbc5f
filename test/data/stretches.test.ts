import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { decode, type GenomePart, InputError, sequencesOf, stretchesOf } from '../../data/index.js'

/** A part of a genome of some contigs; `length`: what a manifest says of the whole genome. */
function partOf(contigs: readonly string[], from: number, to: number, length = 0): GenomePart {
  const file = join(mkdtempSync(join(tmpdir(), 'xenograd-')), 'Genus_x.fna')
  writeFileSync(file, contigs.map((bases, i) => `>c${i}\n${bases}\n`).join(''))
  return { genome: { file, accession: 'x', genus: 'Genus', group: '', length, parts: [] }, from, to }
}

const textOf = async (part: GenomePart) =>
  (await stretchesOf(part))
    .map(({ contig, start, end }) => decode(contig.bases.subarray(start, end)))
    .join(' ')

test('stretches: parts of contigs laid end to end, by the length of the genome', async t => {
  const contigs = ['AACCGG', 'TTAC']
  t.equal(await textOf(partOf(contigs, 0, 1)), 'AACCGG TTAC')
  t.equal(await textOf(partOf(contigs, 0.2, 0.8)), 'CCGG TT')
  t.equal(await textOf(partOf(contigs, 0, 0.6)), 'AACCGG')
  t.equal(await textOf(partOf(contigs, 0.2, 0.8, 20)), 'GG TTAC', 'the file is the first half of the genome')
  t.equal(await textOf(partOf(contigs, 0.6, 1, 20)), '')
})

test('sequencesOf: the bases of all stretches with their genus; a part without a known base is an error', async t => {
  const sequences: string[] = []
  for await (const { genus, bases } of sequencesOf([partOf(['ACNN', 'GT'], 0, 1)]))
    sequences.push(`${genus} ${decode(bases)}`)
  t.deepEqual(sequences, ['Genus ACNN', 'Genus GT'])
  const refusal = async (part: GenomePart) => {
    try {
      for await (const _ of sequencesOf([part]));
    } catch (error) {
      return error
    }
    return undefined
  }
  for (const part of [partOf(['ACNN', 'NN'], 0.5, 1), partOf(['ACGT'], 0.9, 1, 100)]) {
    const error = await refusal(part)
    t.ok(error instanceof InputError)
    t.match(String(error), /Genus_x\.fna: no base of ACGT in the part from 0\.\d to 1 of the genome/)
  }
})
