import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import {
  FragmentBatches,
  type FragmentSource,
  findFiles,
  genomeSources,
  hasLongRecord,
  InputError,
  loadReads,
  openGenomes,
  type ReadSet,
  readLabelDictionary,
  recordSources,
  TrainingBatches,
  trainingParts,
} from '../../data/index.js'
import { bitsAt, purposeKey, seedPurposes } from '../../engine/hostRandom.js'
import type { TrainingData } from '../batchFeed.js'
import { type ClassifierSettings, classifierDefaults } from '../classifierSettings.js'
import { dataOf } from '../dataOf.js'

/** What a classifier is trained on: batches whose rows are the bases of a read and then its class. */
export type ClassifierData = {
  readonly data: TrainingData
  readonly classNames: readonly string[]
  /** Reads of each class, for weights. */
  readonly classSizes: readonly number[]
  /** Numbers of the classes by their names, for other reads of them. */
  readonly labels: ReadonlyMap<string, number>
  /** A line for the terminal. */
  readonly note: string
}

/** Bases and labels of a batch, before they are rows. */
type LabelledBatches = {
  batchAt(step: number): Int32Array
  labelsAt(step: number): Int32Array
}

/**
 * What settings say to train a classifier on: the reads of files with the classes that they have there, or fragments of
 * genomes, whose genera are the classes.
 * @throws SettingsError for data that cannot be read or have no classes (with the InputError as its cause).
 */
export const loadClassifierData = (settings: ClassifierSettings): Promise<ClassifierData> =>
  settings.genomes
    ? dataOf('genomes', () => fragmentsOfGenomes(settings))
    : dataOf('in_tr_data_dir', () => readsOfFiles(settings))

/** The reads of files; of FASTA files with contigs or genomes in them, fragments of their genera. */
async function readsOfFiles(settings: ClassifierSettings): Promise<ClassifierData> {
  const files = await findFiles(settings.in_tr_data_dir, 'in_tr')
  for (const file of files)
    if (await hasLongRecord(file, 2 * settings.seq_len))
      return fragmentsOf(await recordSources(files), files.join(', '), settings)
  return readSet(files, settings)
}

async function fragmentsOfGenomes(settings: ClassifierSettings): Promise<ClassifierData> {
  const { genomes: path } = settings
  const parts = trainingParts(await openGenomes(path), path)
  return fragmentsOf(await genomeSources(parts), path, settings)
}

/** A set of reads, mixed anew in every epoch. */
async function readSet(files: readonly string[], settings: ClassifierSettings): Promise<ClassifierData> {
  const { in_tr_data_dir, seq_len, batch_size, random_seed, mutation_rate, task } = settings
  const dictionary = await readDictionary(settings)
  const reads = await loadReads(files, { length: seq_len, labels: dictionary })
  const options = { batchSize: batch_size, seed: random_seed }
  const mutated = new TrainingBatches(reads, { ...options, mutationRate: mutation_rate })
  const described = `${reads.count} reads of ${seq_len} bases, mutation rate ${mutation_rate}`
  if (task === 'mutated')
    return mutatedData(mutated, new TrainingBatches(reads, options), settings, described)
  const classNames = namesOfClasses(reads, dictionary, in_tr_data_dir)
  const batches: LabelledBatches = {
    batchAt: step => mutated.batchAt(step),
    labelsAt: step => Int32Array.from(mutated.readsAt(step), ({ read }) => reads.labels[read]),
  }
  return {
    data: labelled(batches, batch_size, described, classNames),
    classNames,
    classSizes: await sizesOfClasses(reads, classNames, in_tr_data_dir),
    labels: dictionary,
    note: `training reads: ${reads.count} of ${seq_len} bases in ${classNames.length} classes`,
  }
}

/**
 * Fragments sampled on the fly, as many of every genus, which is the class.
 * @throws InputError when records name no genus, or all the same one; `origin` is where they are.
 */
async function fragmentsOf(
  unnumbered: readonly FragmentSource[],
  origin: string,
  settings: ClassifierSettings,
): Promise<ClassifierData> {
  const { seq_len, batch_size, random_seed, mutation_rate, task } = settings
  const genera = unnumbered.map(source => source.genus)
  if (task === 'genera' && (genera.includes('') || genera.length < 2))
    throw new InputError(
      `${origin}: ${genera.includes('') ? 'records without a genus' : 'only one genus'}; a classifier needs two genera or more, by name`,
    )
  const labels = await numberClasses(genera, settings)
  const sources = unnumbered.map(source => ({ ...source, label: labels.get(source.genus) ?? -1 }))
  const options = { batchSize: batch_size, seed: random_seed, lengths: [seq_len] }
  const mutated = new FragmentBatches(sources, { ...options, mutationRate: mutation_rate })
  const bases = sources.flatMap(s => s.segments).reduce((sum, { start, end }) => sum + end - start, 0)
  const described = `fragments of ${seq_len} bases from ${sources.length} genera, ${bases} bases, mutation rate ${mutation_rate}`
  if (task === 'mutated')
    return mutatedData(mutated, new FragmentBatches(sources, options), settings, described)
  const classNames = [...labels.keys()].sort((a, b) => (labels.get(a) ?? 0) - (labels.get(b) ?? 0))
  return {
    data: labelled(mutated, batch_size, described, classNames),
    classNames,
    classSizes: classNames.map(() => 1), // every batch has as many of each
    labels,
    note: `training ${described}, both strands, sampled on the fly`,
  }
}

/**
 * Numbers from 0 on of some genera: those that the label dictionary gives them, so that labels of validation reads mean
 * the same; in the order given where it does not have just these genera.
 */
async function numberClasses(
  genera: readonly string[],
  settings: ClassifierSettings,
): Promise<ReadonlyMap<string, number>> {
  const dictionary = await readDictionary(settings)
  const byName = new Map(genera.map(genus => [genus, dictionary.get(genus) ?? -1]))
  const numbers = [...byName.values()].sort((a, b) => a - b)
  return numbers.every((number, i) => number === i) ? byName : new Map(genera.map((genus, i) => [genus, i]))
}

/** Batches with rows of bases and class. */
function labelled(
  batches: LabelledBatches,
  batchSize: number,
  described: string,
  classNames: readonly string[],
): TrainingData {
  return {
    batch: step => rowsOf(batches.batchAt(step), batches.labelsAt(step)),
    batchSize,
    fingerprint: `${described}, classes ${classNames.join(' ')}`,
  }
}

/** Class 0: reads as they are; class 1: reads mutated; which are which is drawn anew in every batch. */
function mutatedData(
  mutated: Pick<LabelledBatches, 'batchAt'>,
  asTheyAre: Pick<LabelledBatches, 'batchAt'>,
  { batch_size, random_seed }: ClassifierSettings,
  described: string,
): ClassifierData {
  const key = purposeKey(random_seed, seedPurposes.run.mutatedReads)
  return {
    data: {
      batch(step) {
        const labels = Int32Array.from({ length: batch_size }, (_, i) => bitsAt(key, step, i) & 1)
        const bases = asTheyAre.batchAt(step)
        const replaced = mutated.batchAt(step)
        const length = bases.length / batch_size
        for (const [i, label] of labels.entries())
          if (label === 1) bases.set(replaced.subarray(i * length, (i + 1) * length), i * length)
        return rowsOf(bases, labels)
      },
      batchSize: batch_size,
      fingerprint: `${described} for half of them`,
    },
    classNames: ['read', 'mutated'],
    classSizes: [1, 1],
    labels: new Map(),
    note: `training ${described} for half of them, to be told from the others`,
  }
}

/** Rows [batch, length + 1] of bases and class. */
function rowsOf(bases: Int32Array, labels: Int32Array): Int32Array {
  const length = bases.length / labels.length
  const rows = new Int32Array(bases.length + labels.length)
  for (const [i, label] of labels.entries()) {
    rows.set(bases.subarray(i * length, (i + 1) * length), i * (length + 1))
    rows[i * (length + 1) + length] = label
  }
  return rows
}

/** The numbers of the classes: of the file that the settings name, or of one beside the training folder, if any. */
async function readDictionary(settings: ClassifierSettings): Promise<ReadonlyMap<string, number>> {
  const { label_dict_file, in_tr_data_dir } = settings
  if (existsSync(label_dict_file) || label_dict_file !== classifierDefaults.label_dict_file)
    return dataOf('label_dict_file', () => readLabelDictionary(label_dict_file))
  const beside = join(dirname(in_tr_data_dir), basename(label_dict_file))
  return existsSync(beside) ? readLabelDictionary(beside) : new Map()
}

/**
 * The names of the classes 0, 1, … of a training set.
 * @throws InputError when a read has no class, or there is one class only.
 */
function namesOfClasses(
  { labels, count }: ReadSet,
  dictionary: ReadonlyMap<string, number>,
  path: string,
): string[] {
  const without = labels.reduce((n, label) => n + (label < 0 ? 1 : 0), 0)
  if (without > 0)
    throw new InputError(
      `${path}: ${without} of ${count} reads have no class to train on; give reads with labels, or with genera and a label dictionary`,
    )
  const classes = labels.reduce((most, label) => Math.max(most, label + 1), 0)
  if (classes < 2) throw new InputError(`${path}: all reads are of one class; a classifier needs two or more`)
  const names = new Map(Array.from(dictionary, ([name, label]) => [label, name]))
  return Array.from({ length: classes }, (_, label) => names.get(label) ?? `class ${label}`)
}

/**
 * How many reads each class has: what the file with "nsample" in its name beside the reads says, as the reference has
 * it, or else how many there are.
 * @throws InputError for a class that the file leaves out, or that has no reads.
 */
async function sizesOfClasses(
  { labels }: ReadSet,
  classNames: readonly string[],
  path: string,
): Promise<number[]> {
  const folder = (await readdir(path).catch(() => undefined)) ? path : dirname(path)
  const file = (await readdir(folder)).find(name => name.includes('nsample') && name.endsWith('.json'))
  const stated = file === undefined ? undefined : await readLabelDictionary(join(folder, file))
  const counts = new Array<number>(classNames.length).fill(0)
  for (const label of labels) counts[label]++
  return classNames.map((name, label) => {
    const size = stated ? stated.get(name) : counts[label]
    if (size !== undefined && size > 0) return size
    throw new InputError(
      `${stated ? join(folder, file ?? '') : path}: no size of class ${name}; every class needs a number above 0`,
    )
  })
}
