import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import {
  type GenomePart,
  numberGenera,
  openGenomes,
  partsCalled,
  type Split,
  sampleReads,
  writeFileAtomic,
  writeReads,
} from '../../data/index.js'
import { UsageError } from '../failure.js'
import { wholeNumber } from '../options.js'
import { say } from '../progress.js'
import { list, type ObjectOf, object, text, whole } from '../schema.js'
import { summarised } from '../summary.js'

const help = `
MANIFEST is a table with tabs and a header line. Its columns: file (FASTA, plain or .gz; relative to the table, or
absolute), genus, set (ID: in-distribution, OOD: out-of-distribution), part (train:0-0.7;val:0.7-1: which part of the
genome, in fractions of its length, is for what), and optionally accession and length_bp. Genomes called ID have parts
train and val, those called OOD val; reads for a test are made where there are parts called test.

Below OUT-FOLDER come folders in the reference's layout, which xenograd train and evaluate take: TFRecord files with as many
reads of every genus, from both strands, of ACGT only, and how many there are of each (…_nsample.json); label_dict.json
has the numbers of the genera. Training needs no such reads: xenograd train --genomes MANIFEST samples while it trains.`

type SampleFlags = {
  length: number
  perGenus: number
  heldOut: number
  oodHeldOut?: number
  seed: number
  quiet?: boolean
}

const summary = {
  folder: text('the folder that was written'),
  seed: whole('the seed'),
  sets: list(
    object(
      { folder: text('where it is'), reads: whole('reads in it'), genera: whole('genera of these reads') },
      'a set of reads',
    ),
    'the sets that were written',
  ),
}

/** `xenograd sample`: reads from genomes, in the reference's layout. */
export function register(program: Command): void {
  const command = program
    .command('sample')
    .description('sample reads from genomes, for training and validation')
    .argument('<manifest>', 'table of the genomes, or a folder with a MANIFEST.tsv')
    .argument('<out-folder>', 'folder to write to')
    .option('--length <n>', 'bases per read', wholeNumber(2), 250)
    .option('--per-genus <n>', 'reads of every genus for training; 0: none', wholeNumber(0), 4000)
    .option('--held-out <n>', 'reads of every genus for validation, and for test', wholeNumber(1), 400)
    .option(
      '--ood-held-out <n>',
      'as many of the unknown genera instead (default: --held-out)',
      wholeNumber(1),
    )
    .option('--seed <n>', 'decides which reads', wholeNumber(0), 1234)
    .option('-q, --quiet', 'say nothing')
    .addHelpText('after', help)
  summarised(command, summary, sample)
}

async function sample(manifest: string, out: string, flags: SampleFlags): Promise<ObjectOf<typeof summary>> {
  const { length, perGenus, heldOut, oodHeldOut = heldOut, seed } = flags
  const genomes = await openGenomes(manifest)
  const labels = numberGenera(genomes)
  const parts = (group: string, part: string) => partsCalled(genomes, group, part)
  const sets: readonly { folder: string; split: Split; parts: readonly GenomePart[]; perGenus: number }[] = [
    { folder: 'before_2011_in_tr', split: 'in_tr', parts: parts('ID', 'train'), perGenus },
    { folder: 'between_2011-2016_in_val', split: 'in_val', parts: parts('ID', 'val'), perGenus: heldOut },
    {
      folder: 'between_2011-2016_ood_val',
      split: 'ood_val',
      parts: parts('OOD', 'val'),
      perGenus: oodHeldOut,
    },
    { folder: 'after_2016_in_test', split: 'in_test', parts: parts('ID', 'test'), perGenus: heldOut },
    { folder: 'after_2016_ood_test', split: 'ood_test', parts: parts('OOD', 'test'), perGenus: oodHeldOut },
  ]
  if (sets[0].parts.length === 0)
    throw new UsageError(`${manifest}: no genome of set ID has a part 'train'; see xenograd sample --help`)
  await mkdir(out, { recursive: true })
  await writeFileAtomic(join(out, 'label_dict.json'), `${JSON.stringify(Object.fromEntries(labels))}\n`)
  const written: { folder: string; reads: number; genera: number }[] = []
  for (const [i, set] of sets.entries()) {
    if (set.parts.length === 0 || set.perGenus === 0) continue
    const reads = await sampleReads(set.parts, { length, perGenus: set.perGenus, seed: seed + i, labels })
    await mkdir(join(out, set.folder), { recursive: true })
    const count = await writeReads(join(out, set.folder, `${set.split}.tfrecord`), reads)
    const genera = [...new Set(set.parts.map(part => part.genome.genus))]
    const counts = Object.fromEntries(genera.map(genus => [genus, set.perGenus]))
    await writeFileAtomic(join(out, set.folder, `${set.split}_nsample.json`), `${JSON.stringify(counts)}\n`)
    const folder = join(out, set.folder)
    if (!flags.quiet) say(`${folder}: ${count} reads of ${genera.length} genera`)
    written.push({ folder, reads: count, genera: genera.length })
  }
  return { folder: out, seed, sets: written }
}
