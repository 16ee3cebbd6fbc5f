/**
 * Where the files of a data set are, in the layouts in which the benchmark is handed around: the reference's release
 * (`before_2011_in_tr/….tfrecord`, `between_2011-2016_in_val/…`, …), the TFDS release (`before_2011_in_tr.txt`, …),
 * and either with FASTA or FASTQ instead.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError, unreadable } from './io/inputError.js'
import { parseJson } from './io/json.js'

/** The parts of a data set, by the substring that names of files and folders have: in- and out-of-distribution. */
export const splits = ['in_tr', 'in_val', 'ood_val', 'in_test', 'ood_test'] as const
/** A part of a data set. */
export type Split = (typeof splits)[number]

const tfrecord = /\.tfrecord/
const otherFormats = /\.(txt|tsv|fa|fasta|fna|fq|fastq)(\.gz)?$/

/**
 * The files of one split. `path` is a file, which is taken as it is, or a folder: then the files whose names contain
 * the split's name and `.tfrecord`, as the reference chooses them, or, if there is none, those in another format that
 * `readReads` knows. They are sorted by name. Their order matters: an evaluation of the first n reads takes them from
 * the first files, and a training set numbers its reads in it.
 *
 * @throws InputError when there is no such path, or no such file in the folder.
 */
export async function findFiles(path: string, split: Split): Promise<string[]> {
  const info = await stat(path).catch(unreadable(path, 'file or folder'))
  if (!info.isDirectory()) return [path]
  const files = await filesOf(path, split)
  if (files.length > 0) return files
  const names = await readdir(path)
  const content = names.length === 0 ? 'is empty' : `has ${names.sort().slice(0, 5).join(', ')}`
  throw new InputError(
    `${path}: no file with '${split}' and '.tfrecord' (or .txt, .tsv, .fa, .fastq, …) in its name; the folder ${content}`,
  )
}

/** The files of a split that lie in a folder itself, sorted by name. */
async function filesOf(folder: string, split: Split): Promise<string[]> {
  const names = (await readdir(folder)).filter(name => name.includes(split)).sort()
  const records = names.filter(name => tfrecord.test(name))
  return (records.length > 0 ? records : names.filter(name => otherFormats.test(name))).map(name =>
    join(folder, name),
  )
}

/**
 * The files of every split of a data set: those in sub-folders whose names contain the split's name, or else those
 * that lie in `folder` itself. A split without files is empty.
 * @throws InputError when there is no such folder, or no split has a file.
 */
export async function openDataset(folder: string): Promise<Record<Split, string[]>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(unreadable(folder, 'folder'))
  const dataset: Record<Split, string[]> = { in_tr: [], in_val: [], ood_val: [], in_test: [], ood_test: [] }
  for (const split of splits) {
    const folders = entries
      .filter(entry => entry.isDirectory() && entry.name.includes(split))
      .map(entry => entry.name)
    for (const name of folders.sort()) dataset[split].push(...(await filesOf(join(folder, name), split)))
    if (dataset[split].length === 0) dataset[split] = await filesOf(folder, split)
  }
  if (Object.values(dataset).every(files => files.length === 0))
    throw new InputError(
      `${folder}: no files of a data set; expected folders or files named …in_tr…, …in_val…, …`,
    )
  return dataset
}

/**
 * The numbers of genera in a file such as the reference's `label_dict.json`: `{"Bacillus": 0, …}`.
 * @throws InputError when there is no such file, or something else in it.
 */
export async function readLabelDictionary(path: string): Promise<Map<string, number>> {
  const text = await readFile(path, 'utf8').catch(unreadable(path, 'file'))
  let labels: unknown
  try {
    labels = parseJson(text)
  } catch (error) {
    throw new InputError(`${path}: ${(error as Error).message}`)
  }
  const entries = typeof labels === 'object' && labels !== null ? Object.entries(labels) : []
  if (entries.length === 0 || !entries.every(([, label]) => Number.isInteger(label)))
    throw new InputError(`${path}: expected an object of integers such as {"Bacillus": 0}`)
  return new Map(entries)
}
