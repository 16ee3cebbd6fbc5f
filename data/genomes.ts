/**
 * Genomes as a source of reads, and their division among sets. A genome goes into one set as a whole, and so does what
 * is sampled from it, unless a manifest says in so many words which part of it goes where.
 */
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, normalize } from 'node:path'
import { purposeKey, seedPurposes } from '../engine/hostRandom.js'
import { InputError, unreadable } from './io/inputError.js'
import { field } from './io/printable.js'
import { readTable } from './io/table.js'
import { keyOfName, permutation } from './random.js'

/** A genome in a file, and what its manifest says of it. */
export type Genome = {
  /** Path of its FASTA file, gzip or not, of any number of contigs. */
  readonly file: string
  /** Says which genome it is: files with the same accession, of any version, hold the same one. The file's name if unknown. */
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

const fastaExtension = /\.(fa|fasta|fna)(\.gz)?$/

/** The name of a genome's file without folder and extension. */
export const genomeName = (file: string): string => basename(file).replace(fastaExtension, '')

/**
 * The genomes in a folder, sorted by name: FASTA files called `Genus_…`, where a first word `Candidatus` belongs to
 * the genus.
 * @throws InputError when there is no such folder, or no genome in it.
 */
export async function findGenomes(folder: string): Promise<Genome[]> {
  const names = await readdir(folder).catch(unreadable(folder, 'folder'))
  const files = names.filter(name => fastaExtension.test(name)).sort()
  if (files.length === 0)
    throw new InputError(`${folder}: no genomes (.fa, .fasta or .fna, plain or .gz) in it`)
  return files.map(file => genomeOf(join(folder, file)))
}

/** The genome of a file called `Genus_…`. */
const genomeOf = (file: string): Genome => ({
  file,
  accession: genomeName(file),
  genus: /^(Candidatus_)?[^_.]+/.exec(basename(file))?.[0] ?? genomeName(file),
  group: '',
  length: 0,
  parts: [],
})

/**
 * The genomes of a manifest: a table with tabs and a header line, with columns `file` (relative to the manifest, or
 * absolute) and `genus`, and optionally `accession`, `set`, `part` (`train:0-0.7;val:0.7-0.85`: which part of the genome is for which
 * set) and `length_bp` (what the parts are fractions of, where the file ends before the genome does).
 * @throws InputError when there is no such file, and for any mistake in it, overlapping parts, a file that is listed
 * twice, a genus in two sets or two spellings, and a genome of which one file is for training and another for validation
 * included: it names the line.
 */
export async function readManifest(path: string): Promise<Genome[]> {
  const genomes: Genome[] = []
  const seen = new Map<string, { genus: string; group: string; line: number }>()
  const files = new Map<string, number>()
  const copies = new Map<string, { sets: string; line: number }>()
  for (const { place, line, value } of await readTable(path, ['file', 'genus'])) {
    const text = (column: string): string => field(value(column))
    const [file, genus] = [value('file'), text('genus')]
    if (file === '' || genus === '')
      throw new InputError(`${place}: ${file === '' ? 'file' : 'genus'} is missing`)
    const fullPath = isAbsolute(file) ? normalize(file) : join(dirname(path), file)
    const listed = files.get(fullPath)
    if (listed)
      throw new InputError(`${place}: ${file} is listed on line ${listed}, too; give all its parts there`)
    files.set(fullPath, line)
    const group = text('set')
    const before = seen.get(genus.toLowerCase()) ?? { genus, group, line }
    if (before.genus !== genus)
      throw new InputError(
        `${place}: genus ${genus} is called ${before.genus} on line ${before.line}; write it in one way`,
      )
    if (before.group !== group)
      throw new InputError(
        `${place}: genus ${genus} is in set '${group}', but in '${before.group}' on line ${before.line}; a genus belongs to one set`,
      )
    seen.set(genus.toLowerCase(), before)
    const genome = {
      file: fullPath,
      accession: text('accession') || genomeName(file),
      genus,
      group,
      length: parseLength(value('length_bp'), place),
      parts: parseParts(text('part'), place),
    }
    const sets = setsOf(genome)
    const copy = text('accession') && copies.get(assemblyOf(genome))
    if (copy && copy.sets !== sets)
      throw new InputError(
        `${place}: ${genome.accession} is for ${sets || 'no set'}, but for ${copy.sets || 'no set'} on line ${copy.line}; a genome in several files belongs to the same sets`,
      )
    copies.set(assemblyOf(genome), copy || { sets, line })
    genomes.push(genome)
  }
  return genomes
}

/** The sets that its parts are for. */
const setsOf = ({ parts }: Pick<Genome, 'parts'>): string =>
  [...new Set(parts.map(({ set }) => set))].sort().join(' and ')

/** Bases of a genome, 0 where the manifest says nothing; `line` is what messages begin with. */
function parseLength(text: string, line: string): number {
  if (!/^\d{0,15}$/.test(text)) throw new InputError(`${line}: length_bp '${text}' is not a whole number`)
  return Number(text)
}

/**
 * The genomes that a path means: a manifest, a folder with a `MANIFEST.tsv`, a folder of FASTA files `Genus_…`, or one
 * such file.
 * @throws InputError as `readManifest` and `findGenomes`.
 */
export async function openGenomes(path: string): Promise<Genome[]> {
  const info = await stat(path).catch(unreadable(path, 'file or folder'))
  if (!info.isDirectory()) return fastaExtension.test(path) ? [genomeOf(path)] : readManifest(path)
  const manifest = join(path, 'MANIFEST.tsv')
  return existsSync(manifest) ? readManifest(manifest) : findGenomes(path)
}

/** The parts in `train:0-0.7;val:0.7-0.85`; `line` is what messages begin with. */
function parseParts(text: string, line: string): Genome['parts'] {
  if (text === '') return []
  const parts = text.split(';').map(part => {
    const [, set = '', from, to] = /^([^:]+):([\d.]+)-([\d.]+)$/.exec(part.trim()) ?? []
    if (!(Number(from) < Number(to) && Number(to) <= 1))
      throw new InputError(`${line}: part '${part}' is not SET:FROM-TO with 0 <= FROM < TO <= 1`)
    return { set, from: Number(from), to: Number(to) }
  })
  const sorted = parts.toSorted((a, b) => a.from - b.from)
  if (sorted.some((part, i) => i > 0 && part.from < sorted[i - 1].to))
    throw new InputError(`${line}: parts overlap: ${text}`)
  return parts
}

/** What is the same for all versions of an assembly, and for its copies in GenBank and RefSeq: they are one genome. */
const assemblyOf = ({ accession }: Pick<Genome, 'accession'>): string =>
  accession.replace(/\.\d+$/, '').replace(/^GC[AF]_/, '')

/** Items by key, keys in the order in which they first appear. */
export function groupBy<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

/**
 * Divides genomes among sets, whole: no accession (of any version) is in two sets, in however many files it is.
 *
 * The genomes of each genus are dealt in an order that `seed` decides, by the `shares` ({ train: 0.8, val: 0.2 }); each
 * set gets one before any gets two, the sets in the order in which they are named. So the only genome of a genus goes
 * to the first set.
 * @throws InputError when one accession stands under two genera; RangeError when a share is not positive.
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
  const sets = Object.fromEntries(names.map(name => [name, []])) as unknown as Record<Name, GenomePart[]>
  const key = purposeKey(seed, seedPurposes.run.genomes)
  const assemblies = [...groupBy(genomes, assemblyOf).values()]
  for (const files of assemblies) checkOneGenus(files)
  for (const [genus, ofGenus] of groupBy(assemblies, ([file]) => file.genus)) {
    const dealt = new Map(names.map(name => [name, 0]))
    // The next genome goes to the set that, with it, is the smallest for its share; one that has none comes first.
    const load = (name: Name) => {
      const count = dealt.get(name)!
      return count === 0 ? 0 : (count + 1) / shares[name]
    }
    for (const index of permutation(keyOfName(key, genus), ofGenus.length)) {
      const name = names.reduce((best, other) => (load(other) < load(best) ? other : best))
      dealt.set(name, dealt.get(name)! + 1)
      for (const genome of ofGenus[index]) sets[name].push({ genome, from: 0, to: 1 })
    }
  }
  return sets
}

function checkOneGenus([first, ...others]: readonly Genome[]): void {
  for (const { file, accession, genus } of others)
    if (genus !== first.genus)
      throw new InputError(`${file}: accession ${accession} is ${genus}, but ${first.genus} in ${first.file}`)
}

/**
 * Divides genomes as a manifest's column `part` says, which may give parts of one genome to different sets: for genera
 * of which there is but one genome. The reads of such sets are of the same organism, so a score on them flatters the
 * model; `splitGenomes` is the way without that.
 * @throws InputError when a genome has no parts.
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

/**
 * The parts of in-distribution genomes (set `ID`, or all where there are no sets) that are for training: those called
 * `train`, or all of every genome where no genome has parts. `path`: what messages name.
 * @throws InputError when there is none, or some genomes have parts and others have not.
 */
export function trainingParts(genomes: readonly Genome[], path: string): GenomePart[] {
  const inDistribution = genomes.filter(({ group }) => group === 'ID' || group === '')
  const parts = inDistribution.every(genome => genome.parts.length === 0)
    ? inDistribution.map(genome => ({ genome, from: 0, to: 1 }))
    : splitByParts(inDistribution).get('train')
  if (!parts || parts.length === 0)
    throw new InputError(`${path}: no genome for training: none of set ID has a part 'train'`)
  return parts
}

/** The parts of the genomes of a set (`ID`, `OOD`) that a manifest calls by a name (`train`, `val`, `test`). */
export const partsCalled = (genomes: readonly Genome[], group: string, name: string): GenomePart[] =>
  genomes
    .filter(genome => genome.group === group)
    .flatMap(genome =>
      genome.parts.filter(({ set }) => set === name).map(({ from, to }) => ({ genome, from, to })),
    )

/** A number for every genus, in the order in which they first appear: in-distribution genomes first, by custom. */
export function numberGenera(genomes: Iterable<Genome>): Map<string, number> {
  const labels = new Map<string, number>()
  for (const { genus } of genomes) if (!labels.has(genus)) labels.set(genus, labels.size)
  return labels
}
