import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileAtomic } from '../io/atomic.js'
import { field } from '../io/printable.js'
import { readTable } from '../io/table.js'

/** The columns of MANIFEST.tsv, which `readManifest` takes; `md5` is the file's checksum, in hexadecimal digits. */
const columns = [
  ...['file', 'set', 'genus', 'species', 'accession', 'length_bp', 'gc', 'part', 'source', 'md5'],
] as const

/** A genome of a collection, as its manifest has it. */
export type Entry = Readonly<Record<(typeof columns)[number], string>>

/** A folder of genomes with its manifest, which is on the disk at any moment: a broken-off fetch loses nothing. */
export class Collection {
  readonly #entries = new Map<string, Entry>()

  private constructor(readonly folder: string) {}

  /** The collection in a folder, an empty one where there is no manifest. @throws InputError for a damaged manifest. */
  static async open(folder: string): Promise<Collection> {
    const collection = new Collection(folder)
    if (existsSync(collection.manifest))
      for (const { value } of await readTable(collection.manifest, ['file', 'accession'])) {
        const entry = Object.fromEntries(columns.map(column => [column, value(column)])) as Entry
        collection.#entries.set(entry.accession, entry)
      }
    return collection
  }

  get manifest(): string {
    return join(this.folder, 'MANIFEST.tsv')
  }

  /** The genome of an accession, if the collection has it. */
  get(accession: string): Entry | undefined {
    return this.#entries.get(accession)
  }

  /** Adds a genome, or replaces that of the same accession. */
  async set(entry: Entry): Promise<void> {
    this.#entries.set(entry.accession, entry)
    const rows = [...this.#entries.values()].map(entry => columns.map(column => field(entry[column])))
    await writeFileAtomic(this.manifest, [columns, ...rows].map(row => `${row.join('\t')}\n`).join(''))
  }
}
