import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type Test } from 'tape'
import {
  FetchError,
  type FetchOptions,
  fetchGenomes,
  readWishes,
  wishFor,
} from '../../../data/fetch/index.js'
import { InputError, readManifest } from '../../../data/index.js'
import { type FakeNcbi, genomeOf, md5, startFakeNcbi } from './server.js'

const scratch = (): string => mkdtempSync(join(tmpdir(), 'xenograd-fetch-'))

/** A test with a server of its own. */
function testWithServer(name: string, body: (t: Test, server: FakeNcbi) => Promise<void>): void {
  test(name, async t => {
    const server = await startFakeNcbi()
    try {
      await body(t, server)
    } finally {
      await server.close()
    }
  })
}

const optionsFor = ({ url }: FakeNcbi): FetchOptions => ({
  baseUrl: url,
  email: 'me@example.org',
  version: '1.2.3',
  rate: 1000,
  firstDelay: 0.001,
})

const wishes = (...accessions: string[]) => accessions.map(accession => wishFor(accession, 'test'))

/** The message of the error that something ends with. */
const failureOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    error => `${error.name}: ${error.message}`,
  )

testWithServer('fetch: genomes by accession, with a manifest that the readers take', async (t, server) => {
  const folder = join(scratch(), 'genomes')
  const all = wishes('GCF_000000001.1', 'GCF_000000002.1', 'NC_003143.1', 'GCF_000000001')
  t.deepEqual(await fetchGenomes(all, folder, optionsFor(server)), { fetched: 4, kept: 0 })
  const files = [
    'Bacillus_subtilis_GCF_000000001.1.fna.gz',
    'Bacillus_subtilis_GCF_000000001.2.fna.gz',
    'Candidatus_Oddname_GCF_000000002.1.fna.gz',
    'Yersinia_pestis_NC_003143.1.fna.gz',
  ]
  t.deepEqual(readdirSync(folder).sort(), [...files, 'MANIFEST.tsv'].sort(), 'names cannot leave the folder')
  const genomes = await readManifest(join(folder, 'MANIFEST.tsv'))
  t.deepEqual(
    genomes.map(({ genus, accession, length }) => [genus, accession, length]),
    [
      ['Bacillus', 'GCF_000000001.1', 30000],
      ['Candidatus_Oddname', 'GCF_000000002.1', 30000],
      ['Yersinia', 'NC_003143.1', 30000],
      ['Bacillus', 'GCF_000000001.2', 30000],
    ],
  )
  t.ok(readFileSync(join(folder, files[0])).equals(genomeOf('GCF_000000001.1')))
  t.ok(server.requests.every(({ userAgent }) => userAgent === 'xenograd/1.2.3 (mailto:me@example.org)'))

  const before = server.requests.length
  t.deepEqual(await fetchGenomes(all.slice(0, 3), folder, optionsFor(server)), { fetched: 0, kept: 3 })
  t.equal(server.requests.length, before, 'what is there is asked of nobody')
  writeFileSync(join(folder, files[0]), 'damaged')
  t.deepEqual(await fetchGenomes(all.slice(0, 3), folder, optionsFor(server)), { fetched: 1, kept: 2 })
})

testWithServer(
  'fetch: goes on where it broke off, and repeats what fails for the moment',
  async (t, server) => {
    const folder = scratch()
    const half = Math.floor(genomeOf('GCF_000000001.1').length / 2)
    let [broken, busy] = [0, 0]
    server.trouble = ({ url = '', headers }, response) => {
      if (url.endsWith('.fna.gz') && !headers.range && broken++ === 0) {
        const bytes = genomeOf('GCF_000000001.1')
        response.writeHead(200, { 'content-length': bytes.length })
        response.write(bytes.subarray(0, half), () => setTimeout(() => response.destroy(), 50))
        return true
      }
      if (url.endsWith('md5checksums.txt') && busy++ < 2) {
        response.writeHead(busy === 1 ? 503 : 429, { 'retry-after': '0' }).end()
        return true
      }
      return false
    }
    const retries: string[] = []
    const options = { ...optionsFor(server), onRetry: (message: string) => void retries.push(message) }
    t.deepEqual(await fetchGenomes(wishes('GCF_000000001.1'), folder, options), { fetched: 1, kept: 0 })
    t.equal(retries.length, 3, retries.join('\n'))
    t.ok(
      server.requests.some(({ range }) => range === `bytes=${half}-`),
      'only the rest is asked for',
    )
  },
)

testWithServer(
  'fetch: a server that has no ranges, a wrong checksum, and a part that is whole',
  async (t, server) => {
    const folder = scratch()
    const name = 'Bacillus_cereus_GCF_000000003.1.fna.gz'
    const bytes = genomeOf('GCF_000000003.1')
    writeFileSync(join(folder, `${name}.part`), bytes.subarray(0, 100))
    server.trouble = ({ url = '' }, response) => {
      if (!url.endsWith('.fna.gz')) return false
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
      return true
    }
    await fetchGenomes(wishes('GCF_000000003.1'), folder, optionsFor(server))
    t.equal(md5(readFileSync(join(folder, name))), md5(bytes), 'all of it is sent again')

    const second = scratch()
    server.trouble = () => false
    writeFileSync(join(second, `${name}.part`), bytes)
    await fetchGenomes(wishes('GCF_000000003.1'), second, optionsFor(server))
    t.equal(md5(readFileSync(join(second, name))), md5(bytes), 'nothing is left to fetch')

    const third = scratch()
    writeFileSync(join(third, `${name}.part`), Buffer.alloc(50))
    await fetchGenomes(wishes('GCF_000000003.1'), third, optionsFor(server))
    t.equal(md5(readFileSync(join(third, name))), md5(bytes), 'a part of something else is thrown away')

    const fourth = scratch()
    server.trouble = ({ url = '' }, response) => {
      if (url.endsWith('.fna.gz')) response.writeHead(200).end('something else')
      return url.endsWith('.fna.gz')
    }
    t.match(
      await failureOf(fetchGenomes(wishes('GCF_000000003.1'), fourth, optionsFor(server))),
      /^FetchError: .*_genomic\.fna\.gz: has the MD5 checksum [0-9a-f]{32}, published is [0-9a-f]{32}$/,
    )
    t.deepEqual(readdirSync(fourth), [], 'nothing is left')
  },
)

testWithServer('fetch: genomes of a genus, by the day of their release', async (t, server) => {
  const folder = scratch()
  const table = join(folder, 'wishes.tsv')
  writeFileSync(
    table,
    'genus\tset\tpart\treleased_from\treleased_to\tcount\n' +
      'Bacillus\tID\ttrain:0-1\t\t2010-12-31\t9\nBacillus\tID\tval:0-1\t2011-01-01\t\t1\n',
  )
  t.deepEqual(await fetchGenomes(await readWishes(table), folder, optionsFor(server)), {
    fetched: 3,
    kept: 0,
  })
  t.deepEqual(
    (await readManifest(join(folder, 'MANIFEST.tsv'))).map(({ accession, group, parts }) => [
      accession,
      group,
      parts[0].set,
    ]),
    [
      ['GCF_000000001.1', 'ID', 'train'],
      ['GCF_000000001.2', 'ID', 'train'],
      ['GCF_000000003.1', 'ID', 'val'],
    ],
  )
})

testWithServer('fetch: what cannot be had is said, and what came before stays', async (t, server) => {
  const folder = scratch()
  const options = { ...optionsFor(server), retries: 2 }
  t.equal(
    await failureOf(fetchGenomes(wishes('GCF_000000001.1', 'GCF_000000009.1'), folder, options)),
    'FetchError: GCF_000000009.1: NCBI knows no assembly of this accession',
  )
  t.equal((await readManifest(join(folder, 'MANIFEST.tsv'))).length, 1)
  const second = scratch()
  const some = wishes('GCF_000000009.1', 'GCF_000000001.1', 'GCF_000000008.1', 'GCF_000000003.1')
  t.equal(
    await failureOf(fetchGenomes(some, second, options)),
    'FetchError: 2 of 4 cannot be had:\n  GCF_000000009.1: NCBI knows no assembly of this accession\n' +
      '  GCF_000000008.1: NCBI knows no assembly of this accession',
  )
  t.equal((await readManifest(join(second, 'MANIFEST.tsv'))).length, 2, 'the others are there')
  server.trouble = (_, response) => {
    response.writeHead(500).end()
    return true
  }
  t.match(
    await failureOf(fetchGenomes(wishes('GCF_000000003.1'), folder, options)),
    /FetchError: .*: the server answers 500 Internal Server Error \(tried 3 times\)$/,
  )
  server.trouble = (_, response) => {
    response.writeHead(200).end('<html>\x1b[2J')
    return true
  }
  t.match(
    await failureOf(fetchGenomes(wishes('GCF_000000003.1'), folder, options)),
    /the answer is not JSON: it begins with/,
  )
  t.match(await failureOf(fetchGenomes(wishes('NC_003143.1'), folder, options)), /the answer is no FASTA/)
  server.trouble = () => true // never answers
  t.match(
    await failureOf(
      fetchGenomes(wishes('GCF_000000003.1'), folder, { ...options, retries: 0, patience: 0.2 }),
    ),
    /: no byte for 0\.2 s/,
  )
  const gone = new AbortController()
  setTimeout(() => gone.abort(), 50)
  t.match(
    await failureOf(fetchGenomes(wishes('GCF_000000003.1'), folder, { ...options, signal: gone.signal })),
    /^AbortError/,
  )
  t.equal((await readManifest(join(folder, 'MANIFEST.tsv'))).length, 1)
})

testWithServer('fetch: no more requests a second than allowed', async (t, server) => {
  const began = performance.now()
  await fetchGenomes(wishes('GCF_000000001.1'), scratch(), { ...optionsFor(server), rate: 20 })
  const seconds = (performance.now() - began) / 1000
  t.ok(
    seconds >= (server.requests.length - 1) / 20 - 0.01,
    `${server.requests.length} requests in ${seconds} s`,
  )
})

test('fetch: wishes that make no sense', async t => {
  const table = join(scratch(), 'wishes.tsv')
  for (const [row, message] of [
    ['../../etc/passwd\t\t\t', /line 2: '\.\.\/\.\.\/etc\/passwd' is no accession/],
    ['GCF_1\t\t\t', /'GCF_1' is no accession/],
    ['\t\t\t', /has no rows/],
    ['\t\t2011-01-01\t', /has neither an accession nor a genus/],
    ['\tBacillus/..\t\t', /is no name of a genus/],
    ['\tBacillus\t2011\t', /released_from '2011' is no day such as/],
    ['\tBacillus\t\t0', /count '0' is not 1 to 9999/],
  ] as const) {
    writeFileSync(table, `accession\tgenus\treleased_from\tcount\n${row}\n`)
    await readWishes(table).then(
      () => t.fail(row),
      error => {
        t.ok(error instanceof InputError)
        t.match(error.message, message)
      },
    )
  }
  t.ok(
    (await readWishes(new URL('../../../../examples/paperGenera.tsv', import.meta.url).pathname)).length >=
      30,
  )
  t.ok(new FetchError('x').mayPass && !new FetchError('x', 404).mayPass)
})

testWithServer('fetch: a server says how long to wait, in seconds or by a date', async (t, server) => {
  const toldFor = async (header: string): Promise<number> => {
    server.trouble = (_, response) => {
      response.writeHead(429, { 'retry-after': header }).end()
      return true
    }
    const leave = new AbortController()
    let said = ''
    const onRetry = (message: string) => {
      said = message
      leave.abort()
    }
    const options = { ...optionsFor(server), onRetry, signal: leave.signal }
    await failureOf(fetchGenomes(wishes('GCF_000000003.1'), scratch(), options))
    return Number(/; again in ([\d.]+) s$/.exec(said)?.[1])
  }
  t.equal(await toldFor('200'), 200)
  t.ok((await toldFor(new Date(Date.now() + 400_000).toUTCString())) > 200)
  t.equal(await toldFor('soon'), 0.001, 'what is neither does not count')
})
