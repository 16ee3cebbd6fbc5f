/**
 * Genomes as a source of reads, and their division among sets. The unit is the genome: what is sampled from one genome
 * goes into one set, unless a manifest says in so many words which part of it goes where.
 */
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { foldKey, type Key, purposeKey, seedPurposes } from '../engine/hostRandom.js'
import { crc32c } from './io/crc32c.js'
import { InputError } from './io/inputError.js'
import { permutation } from './random.js'

export type Genome = {
  /** Path of its FASTA file, gzip or not, of any number of contigs. */
  readonly file: string
  /** What makes it the same genome as in another file; the file's name if nothing better is known. */
  readonly accession: string
  readonly genus: string
  /** The manifest's column `set`, such as `ID` or `OOD`; empty without. */
  readonly group: string
  /** Its length in bases, 0 if unknown. A file may hold only the beginning of a genome. */
  readonly length: number
  /** Which parts of it a manifest gives to which sets: fractions of its length, contigs laid end to end. */
  readonly parts: readonly { readonly set: string; readonly from: number; readonly to: number }[]
}

/** What lies in one set: a genome from `from` to `to`, fractions of its length, its contigs laid end to end. */
export type GenomePart = {
  readonly genome: Genome
  readonly from: number
  readonly to: number
}

const fasta = /\.(fa|fasta|fna)(\.gz)?$/

/** The name of a genome's file without folder and extension. */
export const genomeName = (file: string): string => basename(file).replace(fasta, '')

/**
 * The genomes in a folder, sorted by name: FASTA files called `Genus_…`, where a first word `Candidatus` belongs to
 * the genus. Throws an InputError if there is none.
 */
export async function findGenomes(folder: string): Promise<Genome[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${folder}: ${error.code === 'ENOENT' ? 'no such folder' : error.message}`)
  })
  const files = names.filter(name => fasta.test(name)).sort()
  if (files.length === 0)
    throw new InputError(`${folder}: no genomes (.fa, .fasta or .fna, plain or .gz) in it`)
  return files.map(file => ({
    file: join(folder, file),
    accession: genomeName(file),
    genus: /^(Candidatus_)?[^_.]+/.exec(file)?.[0] ?? genomeName(file),
    group: '',
    length: 0,
    parts: [],
  }))
}

/**
 * The genomes of a manifest: a table with tabs and a header line, with columns `file` (relative to the manifest) and
 * `genus`, and optionally `accession`, `set`, `part` (`train:0-0.7;val:0.7-0.85`: which part of the genome is for which
 * set) and `length_bp` (what the parts are fractions of, where the file ends before the genome does). Throws an InputError that names the line of any mistake, overlapping parts included.
 */
export async function readManifest(path: string): Promise<Genome[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${path}: ${error.code === 'ENOENT' ? 'no such file' : error.message}`)
  })
  const rows = text.split(/\r?\n/).map(line => line.split('\t').map(field => field.trim()))
  const header = rows[0]
  for (const column of ['file', 'genus'])
    if (!header.includes(column)) throw new InputError(`${path} line 1: the header has no column '${column}'`)
  const genomes: Genome[] = []
  for (const [i, row] of rows.entries()) {
    if (i === 0 || row.join('') === '') continue
    const place = `${path} line ${i + 1}`
    const field = (column: string): string => row[header.indexOf(column)] ?? ''
    const [file, genus] = [field('file'), field('genus')]
    if (file === '' || genus === '')
      throw new InputError(`${place}: ${file === '' ? 'file' : 'genus'} is missing`)
    genomes.push({
      file: join(dirname(path), file),
      accession: field('accession') || genomeName(file),
      genus,
      group: field('set'),
      length: Number(field('length_bp')) || 0,
      parts: parseParts(field('part'), place),
    })
  }
  return genomes
}

function parseParts(text: string, place: string): Genome['parts'] {
  if (text === '') return []
  const parts = text.split(';').map(part => {
    const [, set = '', from, to] = /^([^:]+):([\d.]+)-([\d.]+)$/.exec(part.trim()) ?? []
    if (!(Number(from) < Number(to) && Number(to) <= 1))
      throw new InputError(`${place}: part '${part}' is not SET:FROM-TO with 0 <= FROM < TO <= 1`)
    return { set, from: Number(from), to: Number(to) }
  })
  const sorted = parts.toSorted((a, b) => a.from - b.from)
  if (sorted.some((part, i) => i > 0 && part.from < sorted[i - 1].to))
    throw new InputError(`${place}: parts overlap: ${text}`)
  return parts
}

/** Versions of an assembly, and its GenBank and RefSeq copies, are one genome. */
const unitOf = ({ accession }: Genome): string => accession.replace(/\.\d+$/, '').replace(/^GC[AF]_/, '')

/** Items by key, keys in the order in which they first appear. */
export function groupBy<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}

/** A key for a name, so that what is drawn for it does not depend on what else is drawn. */
export const keyOfName = (key: Key, name: string): Key =>
  foldKey(key, crc32c(new TextEncoder().encode(name)) | 0)

/**
 * Divides genomes among sets, whole: no accession (of any version) is in two sets, in however many files it is.
 *
 * The genomes of each genus are dealt in an order that `seed` decides, by the `shares` ({ train: 0.8, val: 0.2 }); each
 * set gets one before any gets two, the sets in the order in which they are named. So the only genome of a genus goes
 * to the first set. Throws an InputError if one accession stands under two genera.
 */
export function splitGenomes<Name extends string>(
  genomes: readonly Genome[],
  shares: Readonly<Record<Name, number>>,
  seed: number,
): Record<Name, GenomePart[]> {
  const names = Object.keys(shares) as Name[]
  for (const name of names)
    if (!(shares[name] > 0))
      throw new RangeError(`share of ${name}: got ${shares[name]}, give a positive number`)
  const counts = new Map<Name, number>()
  const sets = Object.fromEntries(names.map(name => [name, []])) as unknown as Record<Name, GenomePart[]>
  const key = purposeKey(seed, seedPurposes.run.genomes)
  const units = [...groupBy(genomes, unitOf).values()]
  for (const [first, ...others] of units)
    for (const other of others)
      if (other.genus !== first.genus)
        throw new InputError(
          `${other.file}: accession ${other.accession} is ${other.genus}, but ${first.genus} in ${first.file}`,
        )

  for (const [genus, unitsOfGenus] of groupBy(units, unit => unit[0].genus)) {
    for (const name of names) counts.set(name, 0)
    const urgency = (name: Name) => (counts.get(name) === 0 ? 0 : (counts.get(name)! + 1) / shares[name])
    for (const index of permutation(keyOfName(key, genus), unitsOfGenus.length)) {
      const name = names.reduce((best, other) => (urgency(other) < urgency(best) ? other : best))
      counts.set(name, counts.get(name)! + 1)
      for (const genome of unitsOfGenus[index]) sets[name].push({ genome, from: 0, to: 1 })
    }
  }
  return sets
}

/**
 * Divides genomes as a manifest's column `part` says, which may give parts of one genome to different sets: for genera
 * of which there is but one genome. The reads of such sets are of the same organism, so a score on them flatters the
 * model; `splitGenomes` is the way without that. Throws an InputError if a genome has no parts.
 */
export function splitByParts(genomes: readonly Genome[]): Map<string, GenomePart[]> {
  const sets = new Map<string, GenomePart[]>()
  for (const genome of genomes) {
    if (genome.parts.length === 0) throw new InputError(`${genome.file}: the manifest gives it no part`)
    for (const { set, from, to } of genome.parts) {
      if (!sets.has(set)) sets.set(set, [])
      sets.get(set)!.push({ genome, from, to })
    }
  }
  return sets
}

/** A number for every genus, in the order in which they first appear: in-distribution genomes first, by custom. */
export function numberGenera(genomes: Iterable<Genome>): Map<string, number> {
  const labels = new Map<string, number>()
  for (const { genus } of genomes) if (!labels.has(genus)) labels.set(genus, labels.size)
  return labels
}
