import {
  findFiles,
  type Genome,
  loadReads,
  openGenomes,
  partsCalled,
  type Read,
  type ReadSet,
  type Split,
  sampleReads,
} from '../data/index.js'
import { aurocEstimate } from '../eval/index.js'
import { absentByDefault, dataOf } from './dataOf.js'
import type { Settings } from './settings.js'
import { SettingsError } from './settingsError.js'
import type { Judge, ValidationData, ValidationOptions } from './validation.js'

/** Fragments of each set of validation genomes, unless `val_batches` says how many. */
const sampledFragments = 2000

/** What a run validates on, if it does, and a line about it for the terminal. */
export type DescribedValidation = { readonly validation?: ValidationOptions; readonly note: string }

/**
 * What settings say to validate on: the reads of the validation folders; where there are none, fragments of the genomes
 * that the manifest of `genomes` has for validation; else nothing.
 * @throws SettingsError for folders that are named and cannot be read, and for an early stop without validation.
 */
export async function loadValidation(settings: Settings): Promise<DescribedValidation> {
  const data = (await readsOfFolders(settings)) ?? (await fragmentsOfGenomes(settings))
  if (!data) return noValidation(settings)
  const { inDistribution, outOfDistribution } = data
  return {
    validation: { data, judge: aurocJudge },
    note: `validation reads: ${inDistribution.length} in-distribution, ${outOfDistribution.length} out-of-distribution`,
  }
}

/** A run without validation. @throws SettingsError when it is to stop early. */
export function noValidation({ patience }: Pick<Settings, 'patience'>): { readonly note: string } {
  if (patience > 0)
    throw new SettingsError(
      name =>
        `${name('patience')} ${patience}: there is no validation to stop by; give ${name('in_val_data_dir')} and ${name('ood_val_data_dir')}`,
    )
  return { note: 'no validation reads' }
}

/** The judge of trainings: AUROC with DeLong's interval. */
export const aurocJudge: Judge = (inDistribution, outOfDistribution) => {
  const { value, low, high } = aurocEstimate(inDistribution, outOfDistribution)
  return { auroc: value, low, high }
}

/** The length of validation reads, and how many of each set there are at most (0: all). */
export const lengthOf = ({ val_len, seq_len }: Pick<Settings, 'val_len' | 'seq_len'>): number =>
  val_len || seq_len
export const limitOf = ({ val_batches, batch_size }: Pick<Settings, 'val_batches' | 'batch_size'>): number =>
  val_batches * batch_size

/** The reads of the validation folders; undefined where none is named. */
async function readsOfFolders(settings: Settings): Promise<ValidationData | undefined> {
  if (absentByDefault(settings, 'in_val_data_dir')) return undefined
  const hasOther = !absentByDefault(settings, 'ood_val_data_dir')
  return {
    inDistribution: await loadSplit('in_val_data_dir', 'in_val', settings),
    outOfDistribution: hasOther ? await loadSplit('ood_val_data_dir', 'ood_val', settings) : [],
  }
}

const loadSplit = (
  setting: 'in_val_data_dir' | 'ood_val_data_dir',
  split: Split,
  settings: Settings,
): Promise<Uint8Array[]> =>
  dataOf(setting, async () => {
    const limit = limitOf(settings)
    const files = await findFiles(settings[setting], split)
    return readsOf(await loadReads(files, { length: lengthOf(settings), ...(limit && { limit }) }))
  })

/** The reads of a set, as views. */
export const readsOf = ({ tokens, count, length }: ReadSet): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => tokens.subarray(i * length, (i + 1) * length))

async function fragmentsOfGenomes(settings: Settings): Promise<ValidationData | undefined> {
  const sampled = await sampleValidation(settings)
  const basesOf = (reads: readonly Read[]) => reads.map(read => read.bases)
  return (
    sampled && {
      inDistribution: basesOf(sampled.inDistribution),
      outOfDistribution: basesOf(sampled.outOfDistribution),
    }
  )
}

type SampledSettings = Pick<
  Settings,
  'genomes' | 'val_len' | 'seq_len' | 'val_batches' | 'batch_size' | 'random_seed'
>

/**
 * Fragments of the genomes for validation, the same in every run with the same seed; undefined where there are none.
 * `labels`: numbers of the genera, for fragments with a label.
 * @throws SettingsError for genomes that cannot be read.
 */
export async function sampleValidation(
  settings: SampledSettings,
  labels?: ReadonlyMap<string, number>,
): Promise<{ inDistribution: Read[]; outOfDistribution: Read[] } | undefined> {
  if (!settings.genomes) return undefined
  return dataOf('genomes', async () => {
    const genomes = await openGenomes(settings.genomes)
    const inDistribution = await sampleSet(genomes, 'ID', settings, labels)
    if (!inDistribution) return undefined
    return { inDistribution, outOfDistribution: (await sampleSet(genomes, 'OOD', settings)) ?? [] }
  })
}

async function sampleSet(
  genomes: readonly Genome[],
  group: 'ID' | 'OOD',
  settings: SampledSettings,
  labels?: ReadonlyMap<string, number>,
): Promise<Read[] | undefined> {
  const parts = partsCalled(genomes, group, 'val')
  if (parts.length === 0) return undefined
  const wanted = limitOf(settings) || sampledFragments
  const genera = new Set(parts.map(part => part.genome.genus)).size
  const reads = await sampleReads(parts, {
    length: lengthOf(settings),
    perGenus: Math.ceil(wanted / genera),
    seed: settings.random_seed,
    ...(labels && { labels }),
  })
  return reads.slice(0, wanted)
}
