/**
 * Genomes from NCBI, by accession or by genus: the folder's door. `wishes` are what is to be fetched, from the command
 * line or a table. For each, `ncbi` says where it is and what checksum it has, `download` gets it (going on where an
 * earlier try broke off), and `collection` is the folder that it comes into, with its manifest. All requests go through
 * one `client`, which keeps to the servers' rate, and repeats what failed for the moment.
 */
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../io/inputError.js'
import { writeChunks } from '../io/writeChunks.js'
import { unknown } from '../read.js'
import { readReads } from '../readReads.js'
import { Client, type ClientOptions, FetchError } from './client.js'
import { Collection, type Entry } from './collection.js'
import { download, md5Of } from './download.js'
import {
  type Assembly,
  assembliesOfTaxon,
  assemblyOf,
  filesOf,
  isAssembly,
  ncbi,
  type Services,
  sequenceUrl,
  servicesAt,
} from './ncbi.js'
import type { Wish } from './wishes.js'

export { FetchError } from './client.js'
export { readWishes, type Wish, wishFor } from './wishes.js'

export type FetchOptions = ClientOptions & {
  /** Where a mirror has the three services, instead of NCBI's own addresses. */
  readonly baseUrl?: string
  /** Told of every genome that is in the folder: by its accession, and what became of it. */
  readonly onGenome?: (accession: string, what: string) => void
}

/**
 * Fetches genomes into a folder, which is made if it is not there; `MANIFEST.tsv` in it lists them. What the folder has
 * already, with the right checksum, is not fetched again.
 * What NCBI does not have keeps no other genome back.
 * @returns how many genomes were fetched, and how many were there.
 * @throws FetchError at the end for those that NCBI does not have, and at once when a server or the network fails (those
 * before are in the folder); InputError when what came is no genome.
 */
export async function fetchGenomes(
  wishes: readonly Wish[],
  folder: string,
  { baseUrl, onGenome, ...options }: FetchOptions,
): Promise<{ fetched: number; kept: number }> {
  const services = baseUrl === undefined ? ncbi : servicesAt(baseUrl.replace(/\/+$/, ''))
  await mkdir(folder, { recursive: true })
  const job = { client: new Client(options), services, collection: await Collection.open(folder) }
  const count = { fetched: 0, kept: 0 }
  const absent: FetchError[] = []
  for (const wish of wishes) {
    try {
      for (const genome of await genomesOf(wish, job)) {
        const isNew = await fetchGenome(genome, wish, job)
        count[isNew ? 'fetched' : 'kept']++
        onGenome?.(genome.accession, isNew ? 'fetched' : 'is there')
      }
    } catch (error) {
      if (!(error instanceof FetchError && error.status === 404)) throw error
      absent.push(error)
    }
  }
  if (absent.length === 1) throw absent[0]
  if (absent.length > 1)
    throw new FetchError(
      `${absent.length} of ${wishes.length} cannot be had:\n${absent.map(({ message }) => `  ${message}`).join('\n')}`,
      404,
    )
  return count
}

type Job = { readonly client: Client; readonly services: Services; readonly collection: Collection }

/** The genomes that a wish means: one, or those of a genus. */
async function genomesOf(wish: Wish, { client, services }: Job): Promise<Pick<Assembly, 'accession'>[]> {
  if (isAssembly(wish.accession) && !wish.accession.includes('.'))
    return [await assemblyOf(client, services, wish.accession)]
  if (wish.accession) return [wish]
  const { genus, from, to, count } = wish
  const all = await assembliesOfTaxon(client, services, genus, { from, to })
  if (all.length === 0)
    throw new FetchError(
      `${genus}: NCBI has no complete genome, released ${from || 'any day'} to ${to || 'now'}`,
      404,
    )
  return all.slice(0, count)
}

/** Fetches a genome unless it is there. Returns whether it was fetched. */
async function fetchGenome({ accession }: { accession: string }, wish: Wish, job: Job): Promise<boolean> {
  const { collection } = job
  const before = collection.get(accession)
  const isThere =
    before !== undefined && (await md5Of(join(collection.folder, before.file)).catch(() => '')) === before.md5
  if (isThere) return false
  const { organism, file, source } = await (isAssembly(accession) ? fetchAssembly : fetchSequence)(
    accession,
    wish,
    job,
  )
  const path = join(collection.folder, file)
  const { length, gc } = await measure(path)
  const [genus, species] = namesOf(organism, wish)
  await collection.set({
    file,
    set: wish.set,
    genus,
    species,
    accession,
    length_bp: String(length),
    gc: gc.toFixed(4),
    part: wish.part,
    source,
    md5: await md5Of(path),
  } satisfies Entry)
  return true
}

/** A file in the folder, what organism it is of, and where it came from. */
type Fetched = { readonly organism: string; readonly file: string; readonly source: string }

async function fetchAssembly(
  accession: string,
  wish: Wish,
  { client, services, collection }: Job,
): Promise<Fetched> {
  const { organism } = await assemblyOf(client, services, accession)
  const { url, md5 } = await filesOf(client, services, accession)
  const file = fileName(organism, wish, accession)
  await download(client, url, join(collection.folder, file), md5)
  return { organism, file, source: url }
}

/** A sequence comes in one piece, or not: it has no checksum, but what breaks off is an error of the connection. */
async function fetchSequence(
  accession: string,
  wish: Wish,
  { client, services, collection }: Job,
): Promise<Fetched> {
  const url = sequenceUrl(services, accession, client.email)
  const temporary = join(collection.folder, `.${accession}.fna.gz`)
  let head = ''
  await client.retrying(() =>
    client.get(url, {}, async (_, body) => {
      head = ''
      await writeChunks(
        temporary,
        (async function* () {
          for await (const chunk of body) {
            if (head.length < 1000) head += Buffer.from(chunk).toString('latin1')
            yield chunk
          }
        })(),
      )
    }),
  )
  // >NC_000913.3 Escherichia coli str. K-12 substr. MG1655, complete genome
  const organism = /^>\S+ ([^\n,]*)/.exec(head)?.[1]
  if (organism === undefined) {
    await rm(temporary, { force: true })
    throw new FetchError(`${url}: the answer is no FASTA (does the accession exist?)`, 404)
  }
  const file = fileName(organism, wish, accession)
  await rename(temporary, join(collection.folder, file))
  return { organism, file, source: url }
}

/** Genus and species of an organism's name, of letters, digits and dashes; what the wish says of them takes precedence. */
function namesOf(organism: string, { genus, species }: Wish): readonly [genus: string, species: string] {
  const words = organism
    .split(/\s+/)
    .map(word => word.replace(/[^\w-]/g, ''))
    .filter(Boolean)
  const own = words[0] === 'Candidatus' ? words.splice(0, 2).join('_') : (words.shift() ?? 'unknown')
  return [genus || own, species || (words[0] ?? '')]
}

/** `Escherichia_coli_GCF_000005845.2.fna.gz`: nothing in it can leave the folder, whatever the names are. */
function fileName(organism: string, wish: Wish, accession: string): string {
  const names = namesOf(organism, wish).map(name => name.replace(/[^\w-]+/g, '-'))
  return `${[...names.filter(Boolean), accession].join('_')}.fna.gz`
}

/** Length in bases and GC content of a genome. @throws InputError for what has no bases, or is damaged. */
async function measure(path: string): Promise<{ length: number; gc: number }> {
  let [length, known, gc] = [0, 0, 0]
  for await (const { bases } of readReads(path)) {
    length += bases.length
    for (const base of bases) {
      if (base < unknown) known++
      if (base === 1 || base === 2) gc++
    }
  }
  if (known === 0) throw new InputError(`${path}: has no bases`)
  return { length, gc: gc / known }
}
