/**
 * What NCBI offers, as far as it is used here: metadata of assemblies from the Datasets API
 * (https://www.ncbi.nlm.nih.gov/datasets/docs/v2/api/), their files with MD5 checksums from the genomes site
 * (https://ftp.ncbi.nlm.nih.gov/genomes/README.txt), single sequences from E-utilities
 * (https://www.ncbi.nlm.nih.gov/books/NBK25501/).
 */
import { parseJson } from '../io/json.js'
import { type Client, FetchError } from './client.js'

/** Where the three services are. */
export type Services = {
  readonly datasets: string
  readonly genomes: string
  readonly eutils: string
}

export const ncbi: Services = {
  datasets: 'https://api.ncbi.nlm.nih.gov/datasets/v2',
  genomes: 'https://ftp.ncbi.nlm.nih.gov/genomes',
  eutils: 'https://eutils.ncbi.nlm.nih.gov/entrez/eutils',
}

/** The three services at one address, for mirrors. */
export const servicesAt = (base: string): Services => ({
  datasets: `${base}/datasets/v2`,
  genomes: `${base}/genomes`,
  eutils: `${base}/entrez/eutils`,
})

const assemblyPattern = /^(GC[AF])_(\d{3})(\d{3})(\d{3})(\.\d+)?$/
const sequencePattern = /^(?:[A-Z]{2}_)?[A-Z]{0,6}\d{5,12}(\.\d+)?$/

export const isAssembly = (accession: string): boolean => assemblyPattern.test(accession)

/** Whether this is the accession of an assembly or a sequence: nothing else becomes an address or a file's name. */
export const isAccession = (accession: string): boolean =>
  isAssembly(accession) || sequencePattern.test(accession)

/** What is known of an assembly before its sequence. */
export type Assembly = {
  readonly accession: string
  /** `Escherichia coli str. K-12 substr. MG1655` */
  readonly organism: string
  /** `2013-09-26`; empty if unknown. */
  readonly released: string
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A text at a path in an answer; empty where there is none. */
function textAt(value: unknown, ...path: readonly string[]): string {
  let inner = value
  for (const name of path) inner = isObject(inner) ? inner[name] : undefined
  return typeof inner === 'string' ? inner : ''
}

/** The answer of the Datasets API to one request: assemblies, and what the next page is asked for with. */
async function reports(client: Client, url: string): Promise<{ assemblies: Assembly[]; next: string }> {
  const text = await client.text(url)
  let answer: unknown
  try {
    answer = parseJson(text)
  } catch (error) {
    throw new FetchError(`${url}: the answer is ${(error as Error).message}`, 502)
  }
  const list = isObject(answer) && Array.isArray(answer.reports) ? answer.reports : []
  const assemblies = list.map(report => ({
    accession: textAt(report, 'accession'),
    organism: textAt(report, 'organism', 'organism_name'),
    released: textAt(report, 'assembly_info', 'release_date').slice(0, 10),
  }))
  return {
    assemblies: assemblies.filter(({ accession }) => isAssembly(accession)),
    next: textAt(answer, 'next_page_token'),
  }
}

/** What is known of an assembly. @throws FetchError when NCBI does not know it. */
export async function assemblyOf(
  client: Client,
  { datasets }: Services,
  accession: string,
): Promise<Assembly> {
  const { assemblies } = await reports(client, `${datasets}/genome/accession/${accession}/dataset_report`)
  const found = assemblies.find(({ accession: name }) => name.split('.')[0] === accession.split('.')[0])
  if (!found) throw new FetchError(`${accession}: NCBI knows no assembly of this accession`, 404)
  return found
}

/** Pages of an answer that are looked at, at most: of 1000 assemblies each. */
const mostPages = 50

/**
 * Complete RefSeq genomes of a taxon, released from one day to another (`2011-01-01`, inclusive; empty: any), the oldest
 * first.
 */
export async function assembliesOfTaxon(
  client: Client,
  { datasets }: Services,
  taxon: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<Assembly[]> {
  const all: Assembly[] = []
  let token = ''
  for (let page = 0; page < mostPages; page++) {
    const query = new URLSearchParams({
      'filters.assembly_source': 'refseq',
      'filters.assembly_level': 'complete_genome',
      'filters.exclude_atypical': 'true',
      page_size: '1000',
      ...(from && { 'filters.first_release_date': from }),
      ...(to && { 'filters.last_release_date': to }),
      ...(token && { page_token: token }),
    })
    const url = `${datasets}/genome/taxon/${encodeURIComponent(taxon)}/dataset_report?${query}`
    const { assemblies, next } = await reports(client, url)
    all.push(...assemblies)
    token = next
    if (!token) break
  }
  const isWithin = ({ released }: Assembly) =>
    (!from || released >= from) && (!to || (released !== '' && released <= to))
  const key = ({ released, accession }: Assembly) => `${released} ${accession}`
  return all.filter(isWithin).sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

/** Where the sequence of an assembly is, and the MD5 checksum of that file. @throws FetchError when it is not there. */
export async function filesOf(
  client: Client,
  { genomes }: Services,
  accession: string,
): Promise<{ url: string; md5: string }> {
  const [, prefix, ...digits] = assemblyPattern.exec(accession) ?? []
  const parent = `${genomes}/all/${[prefix, ...digits.slice(0, 3)].join('/')}/`
  // Folders are called by the accession and the assembly's name, which has been changed in more ways than are documented.
  const names = [...(await client.text(parent)).matchAll(/href="([^"/]+)\/?"/g)].map(([, name]) => name)
  const stem = accession.includes('.') ? `${accession}_` : `${accession}.`
  const folder = names
    .filter(name => name.startsWith(stem) && /^[\w.-]+$/.test(name))
    .sort(byVersion)
    .at(-1)
  if (folder === undefined) throw new FetchError(`${parent}: has no folder of ${accession}`, 404)
  const file = `${folder}_genomic.fna.gz`
  const checksums = await client.text(`${parent}${folder}/md5checksums.txt`)
  const line = checksums.split('\n').find(line => line.trimEnd().endsWith(`/${file}`))
  const md5 = /^([0-9a-f]{32}) /.exec(line ?? '')?.[1]
  if (md5 === undefined)
    throw new FetchError(`${parent}${folder}/md5checksums.txt: has no checksum of ${file}`, 404)
  return { url: `${parent}${folder}/${file}`, md5 }
}

const byVersion = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })

/** The address of a sequence as FASTA. There is neither a checksum nor a part of it to be had. */
export const sequenceUrl = ({ eutils }: Services, accession: string, email: string): string =>
  `${eutils}/efetch.fcgi?${new URLSearchParams({ db: 'nuccore', id: accession, rettype: 'fasta', retmode: 'text', tool: 'xenograd', email })}`
