import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import test from 'tape'
import { decode, type Read, syntheticReads } from '../../data/index.js'
import { DetectorScores, decodeDetector, loadDetector, shippedDetector } from '../../model/index.js'
import { testInChromium } from '../browser/chromium.js'
import { withPage } from './page.js'

const reads = [...syntheticReads({ split: 'in_val', count: 30, length: 250, seed: 5 })]

const fasta = (of: readonly Read[]): string =>
  of.map(({ name, bases }) => `>${name}\n${decode(bases)}\n`).join('')

/** Gives the view a file, as somebody does who chooses one. */
const choose = (page: Page, name: string, buffer: Buffer): Promise<void> =>
  page.locator('.drop input[type=file]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer })

const done = (page: Page) => page.locator('.pace', { hasText: 'done in' }).waitFor()

test('detector: from bytes as from its file', async t => {
  const path = shippedDetector()
  const { path: _, ...fromBytes } = await decodeDetector(readFileSync(path), 'bytes')
  const { path: __, ...fromFile } = await loadDetector(path)
  t.deepEqual(
    [...fromBytes.scores].map(score => score.name),
    [...fromFile.scores].map(score => score.name),
  )
  t.deepEqual(fromBytes.calibration, fromFile.calibration)
})

testInChromium('page: scores reads of a gzip file with several members, as the library does', async t => {
  const detector = await loadDetector(shippedDetector())
  const scores = new DetectorScores(detector)
  const wanted = (await scores.score(reads.map(read => read.bases))).map(row => row[scores.main].toFixed(3))
  scores.dispose()
  const half = reads.length / 2
  const members = [reads.slice(0, half), reads.slice(half)].map(part => gzipSync(fasta(part)))
  await withPage(t, {}, async ({ page, show }) => {
    await show('score')
    await choose(page, 'reads.fa.gz', Buffer.concat(members))
    await done(page)
    await page.locator('.reads[aria-busy=false]').waitFor()
    t.match(await page.locator('.reads .note').innerText(), /^30 reads/, 'reads of both members')
    const shown = await page.locator('.pane tbody tr td:nth-child(4)').allInnerTexts()
    t.deepEqual(shown, wanted.slice(0, shown.length), `the main scores of ${shown.length} reads`)
    t.match(await page.locator('.device').innerText(), /^WebAssembly SIMD, /)
  })
})

testInChromium('page: what is wrong with a file is said, and the next one is taken', async t => {
  const damaged: [name: string, buffer: Buffer, message: RegExp][] = [
    ['paper.pdf', Buffer.from('%PDF-1.7\n\x00\x01\x02\x03'), /paper\.pdf: not FASTA, FASTQ/],
    ['cut.fa.gz', gzipSync(fasta(reads)).subarray(0, 2000), /cut\.fa\.gz: gzip data is cut off/],
    [
      'two.gz',
      Buffer.concat([gzipSync(fasta(reads)), Buffer.from('junk')]),
      /two\.gz: the gzip data is followed by/,
    ],
    [
      'reads.zst',
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0]),
      /reads\.zst: is compressed with zstd, which a page cannot/,
    ],
    ['empty.fa', Buffer.alloc(0), /empty\.fa: is empty/],
  ]
  await withPage(t, {}, async ({ page, show }) => {
    await show('score')
    for (const [name, buffer, message] of damaged) {
      await choose(page, name, buffer)
      const alert = page.getByRole('alert').filter({ hasText: name })
      await alert.waitFor()
      t.match(await alert.innerText(), message)
    }
    await choose(page, 'sound.fa', Buffer.from(fasta(reads.slice(0, 3))))
    await done(page)
    t.equal(await page.getByRole('alert').count(), 0, 'the message goes')
  })
})
