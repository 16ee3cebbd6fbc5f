import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

/** A server that answers as NCBI does, for a few small genomes. It notes what it was asked. */
export type FakeNcbi = {
  readonly url: string
  /** Method-less: `GET` all; path and query, and the header `range` if there was one. */
  readonly requests: {
    readonly path: string
    readonly range: string | undefined
    readonly userAgent: string
  }[]
  /** Called before an answer; returns true when it has answered itself. */
  trouble: (request: IncomingMessage, response: ServerResponse) => boolean
  close(): Promise<void>
}

/** Letters that look random, the same for the same accession. */
function lettersOf(accession: string): string {
  const hash = createHash('sha512').update(accession).digest()
  return Array.from({ length: 30_000 }, (_, i) => 'ACGT'[(hash[i % 64] * (i + 7) + (i >> 3)) & 3]).join('')
}

const gzips = new Map<string, Buffer>()

/** The file of an assembly. */
export function genomeOf(accession: string): Buffer {
  const known = gzips.get(accession)
  if (known) return known
  const gzip = gzipSync(`>${accession}_1\n${lettersOf(accession)}\n`)
  gzips.set(accession, gzip)
  return gzip
}

export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

const assemblies = [
  { accession: 'GCF_000000001.1', organism_name: 'Bacillus subtilis subsp. x', release_date: '2009-05-01' },
  { accession: 'GCF_000000001.2', organism_name: 'Bacillus subtilis subsp. x', release_date: '2010-05-01' },
  { accession: 'GCF_000000002.1', organism_name: "Candidatus Odd/../'name", release_date: '2012-05-01' },
  { accession: 'GCF_000000003.1', organism_name: 'Bacillus cereus', release_date: '2014-05-01' },
]

const folderOf = (accession: string): string => `${accession}_ASM${accession.slice(-3, -2)}v1`

const report = ({ accession, organism_name, release_date }: (typeof assemblies)[number]) => ({
  accession,
  organism: { organism_name },
  assembly_info: { release_date },
})

function answer({ pathname, searchParams }: URL): Uint8Array | string | undefined {
  const byAccession = /^\/datasets\/v2\/genome\/accession\/([^/]+)\/dataset_report$/.exec(pathname)
  if (byAccession) {
    const found = assemblies.filter(({ accession }) => accession.startsWith(byAccession[1])).slice(-1)
    return JSON.stringify(found.length ? { reports: found.map(report), total_count: 1 } : {})
  }
  const byTaxon = /^\/datasets\/v2\/genome\/taxon\/([^/]+)\/dataset_report$/.exec(pathname)
  if (byTaxon) {
    const found = assemblies.filter(({ organism_name }) => organism_name.startsWith(byTaxon[1]))
    // One a page.
    const page = Number(searchParams.get('page_token') ?? 0)
    const more = page + 1 < found.length && { next_page_token: String(page + 1) }
    return JSON.stringify({ reports: found.slice(page, page + 1).map(report), ...more })
  }
  if (/^\/genomes\/all\/GCF\/000\/000\/00\d\/$/.test(pathname)) {
    const found = assemblies.filter(({ accession }) => accession.startsWith(`GCF_00000000${pathname.at(-2)}`))
    return `<pre>${['..', ...found.map(({ accession }) => folderOf(accession))].map(name => `<a href="${name}/">${name}/</a>`).join('\n')}</pre>`
  }
  const file = /^\/genomes\/all\/GCF\/.*\/(GCF_[\d.]+)_[^/]*\/([^/]+)$/.exec(pathname)
  if (file?.[2] === 'md5checksums.txt')
    return `${md5(Buffer.from('x'))}  ./README.txt\n${md5(genomeOf(file[1]))}  ./${folderOf(file[1])}_genomic.fna.gz\n`
  if (file) return genomeOf(file[1])
  if (pathname === '/entrez/eutils/efetch.fcgi')
    return `>${searchParams.get('id')} Yersinia pestis CO92, complete genome\n${lettersOf('sequence')}\n`
  return undefined
}

/** Starts the server on a free port of this machine. */
export async function startFakeNcbi(): Promise<FakeNcbi> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const { range, 'user-agent': userAgent = '' } = request.headers
    fake.requests.push({ path: request.url ?? '', range, userAgent })
    if (fake.trouble(request, response)) return
    const content = answer(url)
    if (content === undefined) {
      response.writeHead(404).end()
      return
    }
    const bytes = Buffer.from(content)
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    if (range !== undefined && from >= bytes.length) response.writeHead(416).end()
    else if (range === undefined) response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
    else
      response
        .writeHead(206, {
          'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
          'content-length': bytes.length - from,
        })
        .end(bytes.subarray(from))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const fake: FakeNcbi = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    trouble: () => false,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return fake
}
