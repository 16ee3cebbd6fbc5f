import {
  FragmentBatches,
  type FragmentSource,
  findFiles,
  genomeSources,
  hasLongRecord,
  lengthsBetween,
  loadReads,
  numberGenera,
  openGenomes,
  type ReadSet,
  recordSources,
  TrainingBatches,
  trainingParts,
} from '../data/index.js'
import type { TrainingData } from './batchFeed.js'
import { dataOf } from './dataOf.js'
import type { Settings } from './settings.js'
import { SettingsError } from './settingsError.js'

/** What a run trains on, and a line about it for the terminal. */
export type DescribedData = { readonly data: TrainingData; readonly note: string }

/**
 * What settings say to train on: fragments of genomes, sampled on the fly, or a set of reads.
 * @throws SettingsError for data that cannot be read (with the InputError as its cause), or when nothing has the label
 * that is asked for.
 */
export async function loadTrainingData(settings: Settings): Promise<DescribedData> {
  return settings.genomes
    ? dataOf('genomes', () => fragmentsOfGenomes(settings))
    : dataOf(
        'in_tr_data_dir',
        () => readsOfFiles(settings),
        name => ` (to train on whole genomes, give ${name('genomes')})`,
      )
}

/** The reads of files; of FASTA files with contigs or genomes in them, fragments. */
async function readsOfFiles(settings: Settings): Promise<DescribedData> {
  const files = await findFiles(settings.in_tr_data_dir, 'in_tr')
  // From twice the length on a record gives more than one read.
  for (const file of files)
    if (await hasLongRecord(file, 2 * settings.seq_len)) return fragmentsOfRecords(files, settings)
  return readSet(files, settings)
}

async function fragmentsOfRecords(files: readonly string[], settings: Settings): Promise<DescribedData> {
  const { filter_label } = settings
  const all = await recordSources(files)
  const sources = all.filter(({ label = -1 }) => filter_label === -1 || label === filter_label)
  if (sources.length === 0)
    throw new SettingsError(
      name =>
        `${name('filter_label')} ${filter_label}: no record of ${files.join(', ')} has the label (label=NUMBER in its header)`,
    )
  return fragmentsOf(sources, settings, `the records of ${files.join(', ')}`)
}

/** A set of reads, mixed anew in every epoch. */
async function readSet(files: readonly string[], settings: Settings): Promise<DescribedData> {
  const { seq_len, filter_label, batch_size, random_seed, mutation_rate, windows, min_seq_len } = settings
  for (const [setting, value, unused] of [
    ['windows', windows, 1],
    ['min_seq_len', min_seq_len, 0],
  ] as const)
    if (value !== unused)
      throw new SettingsError(
        name =>
          `${name(setting)} ${value}: the reads of ${files.join(', ')} have one length; give ${name('genomes')} to sample fragments from`,
      )
  const reads = await loadReads(files, { length: seq_len, filterLabel: filter_label })
  const batches = new TrainingBatches(reads, {
    batchSize: batch_size,
    seed: random_seed,
    mutationRate: mutation_rate,
  })
  return {
    data: {
      batch: step => batches.batchAt(step),
      checksum: () => batches.checksum(),
      batchSize: batch_size,
      fingerprint: `${reads.count} reads of ${reads.length} bases, mutation rate ${mutation_rate}`,
    },
    note: `training reads: ${describeReads(reads)}`,
  }
}

async function fragmentsOfGenomes(settings: Settings): Promise<DescribedData> {
  const genomes = await openGenomes(settings.genomes)
  const labels = numberGenera(genomes)
  const { filter_label } = settings
  const parts = trainingParts(genomes, settings.genomes).filter(
    ({ genome }) => filter_label === -1 || labels.get(genome.genus) === filter_label,
  )
  if (parts.length === 0)
    throw new SettingsError(
      name =>
        `${name('filter_label')} ${filter_label}: no genus of ${settings.genomes} has that number; there are ${[...labels.keys()].map((genus, i) => `${i} ${genus}`).join(', ')}`,
    )
  const files = new Set(parts.map(part => part.genome.file)).size
  return fragmentsOf(await genomeSources(parts, labels), settings, `${files} genomes`)
}

/** Batches of fragments; `origin`: what they are sampled from, in words. */
function fragmentsOf(sources: readonly FragmentSource[], settings: Settings, origin: string): DescribedData {
  const { batch_size, random_seed, mutation_rate, seq_len, min_seq_len, windows } = settings
  const lengths = lengthsBetween(min_seq_len || seq_len, seq_len)
  const batches = new FragmentBatches(sources, {
    batchSize: batch_size,
    seed: random_seed,
    mutationRate: mutation_rate,
    lengths,
    windows,
  })
  const bases = sources
    .flatMap(source => source.segments)
    .reduce((sum, { start, end }) => sum + end - start, 0)
  const shape = `${windows > 1 ? `${windows} windows of ` : ''}${lengths.join(', ')} bases`
  const genera = `${sources.length} ${sources.length === 1 ? 'genus' : 'genera'}`
  const described = `fragments of ${shape} from ${origin} (${genera}, ${bases} bases)`
  return {
    data: {
      batch: step => batches.batchAt(step),
      checksum: () => batches.checksum(),
      batchSize: batch_size,
      windows,
      fingerprint: `${described}, mutation rate ${mutation_rate}`,
    },
    note: `training ${described}, both strands, sampled on the fly`,
  }
}

function describeReads({ count, length, skipped }: ReadSet): string {
  const reasons = Object.entries(skipped).filter(([, n]) => n > 0)
  const leftOut = reasons.map(([reason, n]) => `${n} ${reason}`).join(', ')
  return `${count} of ${length} bases${leftOut && ` (left out: ${leftOut})`}`
}
