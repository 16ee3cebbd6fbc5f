import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { startFakeNcbi } from '../../data/fetch/server.js'
import { scratch, xenograd } from '../support.js'

test('fetch: genomes into a folder, and what is asked for wrongly', async t => {
  const server = await startFakeNcbi()
  const folder = scratch()
  const always = ['--email', 'me@example.org', '-o', join(folder, 'genomes'), '--base-url', server.url]
  try {
    const { code, stdout, stderr } = await xenograd(['fetch', 'GCF_000000001.1', 'NC_003143.1', ...always])
    t.equal(code, 0, stderr)
    t.equal(stdout, '')
    t.match(
      stderr,
      /GCF_000000001\.1 fetched\nNC_003143\.1 fetched\n.*genomes: 2 genomes fetched, 0 were there/,
    )
    t.ok(readdirSync(join(folder, 'genomes')).includes('MANIFEST.tsv'))

    writeFileSync(join(folder, 'wishes.tsv'), 'accession\nGCF_000000001.1\n\x1b[2J\n')
    const cases: [args: string[], code: number, message: RegExp][] = [
      [[], 2, /nothing to download: name accessions, or give --manifest/],
      [['../../x'], 3, /the command line: '\.\.\/\.\.\/x' is no accession/],
      [['--manifest', join(folder, 'wishes.tsv')], 3, /line 3: '\\x1b\[2J' is no accession/],
      [['GCF_000000009.1'], 1, /GCF_000000009\.1: NCBI knows no assembly of this accession/],
      [['GCF_000000001.1', '--email', 'nobody'], 2, /Give an address such as you@example\.org/],
    ]
    for (const [args, code, message] of cases) {
      const ended = await xenograd(['fetch', ...always, ...args])
      t.equal(ended.code, code)
      t.match(ended.stderr, message)
    }
  } finally {
    await server.close()
  }
})
