import {
  FragmentBatches,
  type FragmentSource,
  findFiles,
  genomeSources,
  lengthsBetween,
  loadReads,
  numberGenera,
  openGenomes,
  type ReadSet,
  TrainingBatches,
  trainingParts,
} from '../data/index.js'
import type { TrainingData } from './batchFeed.js'
import type { Settings } from './settings.js'
import { SettingsError } from './settingsError.js'

/** What a run trains on, and a line about it for the terminal. */
export type DescribedData = { readonly data: TrainingData; readonly note: string }

/**
 * What settings say to train on: fragments of genomes, sampled on the fly, or a set of reads.
 * @throws InputError for data that cannot be read; SettingsError when no genus has the label that is asked for.
 */
export async function loadTrainingData(settings: Settings): Promise<DescribedData> {
  return settings.genomes ? fragmentsOfGenomes(settings) : readsOfFiles(settings)
}

async function readsOfFiles(settings: Settings): Promise<DescribedData> {
  const { in_tr_data_dir, seq_len, filter_label, batch_size, random_seed, mutation_rate } = settings
  const reads = await loadReads(await findFiles(in_tr_data_dir, 'in_tr'), {
    length: seq_len,
    filterLabel: filter_label,
  })
  const batches = new TrainingBatches(reads, {
    batchSize: batch_size,
    seed: random_seed,
    mutationRate: mutation_rate,
  })
  return {
    data: {
      batch: step => batches.batchAt(step),
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
  const { batch_size, random_seed, mutation_rate, seq_len, min_seq_len } = settings
  const lengths = lengthsBetween(min_seq_len || seq_len, seq_len)
  const batches = new FragmentBatches(sources, {
    batchSize: batch_size,
    seed: random_seed,
    mutationRate: mutation_rate,
    lengths,
  })
  const bases = sources
    .flatMap(source => source.segments)
    .reduce((sum, { start, end }) => sum + end - start, 0)
  const described = `fragments of ${lengths.join(', ')} bases from ${origin}, ${sources.length} genera, ${bases} bases`
  return {
    data: {
      batch: step => batches.batchAt(step),
      batchSize: batch_size,
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
