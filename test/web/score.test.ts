import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Download, Page } from 'playwright-core'
import { decode, type Read, syntheticReads } from '../../data/index.js'
import { findCell, initialState, saveState } from '../../model/index.js'
import { testInChromium } from '../browser/chromium.js'
import { violations } from './accessibility.js'
import { root } from './build.js'
import { withPage } from './page.js'

/** Reads of several lengths: too short for a p-value, between two that are calibrated, and with unknown bases. */
const reads: Read[] = [60, 130, 250].flatMap(length => [
  ...syntheticReads({ split: 'ood_val', count: 14, length, seed: 7 }),
])

const fasta = (of: readonly Read[]): string =>
  of.map(({ name, bases }, i) => `>${name}_${i}\n${decode(bases)}${i % 9 === 0 ? 'NNA' : ''}\n`).join('')

/** Gives the view files, as somebody does who chooses them. */
const choose = (page: Page, files: Readonly<Record<string, Buffer | string>>): Promise<void> =>
  page.locator('.drop input[type=file]').setInputFiles(
    Object.entries(files).map(([name, content]) => ({
      name,
      mimeType: 'application/octet-stream',
      buffer: Buffer.from(content),
    })),
  )

/** Drops a file on the view. */
async function drop(page: Page, name: string, text: string): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([name, text]) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([text], name))
      return transfer
    },
    [name, text] as const,
  )
  await page.locator('.drop').dispatchEvent('drop', { dataTransfer: transfer })
}

const done = (page: Page): Promise<void> =>
  page.locator('.pace', { hasText: 'done in' }).waitFor({ timeout: 120_000 })

async function download(page: Page, button: string): Promise<Buffer & { readonly fileName?: string }> {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: new RegExp(button) }).click(),
  ])
  return readFileSync(await pathOf(file))
}

const pathOf = async (file: Download): Promise<string> => file.path()

/** What the command line writes for files of these texts. */
function commandLine(
  files: Readonly<Record<string, Buffer | string>>,
  flags: readonly string[] = [],
): string {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  const args = [
    join(root, 'dist/cli/main.js'),
    'score',
    '-q',
    '--blas',
    'off',
    ...flags,
    ...Object.keys(files),
  ]
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

/** The numbers of the figures: known, unknown, not called. */
const counts = async (page: Page): Promise<number[]> =>
  (await page.locator('.figures dd').allInnerTexts()).map(text => Number.parseFloat(text.replaceAll(',', '')))

const names = (page: Page): Promise<string[]> => page.locator('.pane tbody td.name').allInnerTexts()

const column = (page: Page, index: number): Promise<string[]> =>
  page.locator(`.pane tbody td:nth-child(${index})`).allInnerTexts()

/** Until the table has what was asked for last. */
const settled = (page: Page): Promise<void> => page.locator('.reads[aria-busy=false]').waitFor()

testInChromium('score: a dropped file; the table has the bytes of the command line', async t => {
  const text = fasta(reads)
  await withPage(t, { acceptDownloads: true }, async ({ page, show }) => {
    await show('score')
    await drop(page, 'reads.fa', text)
    await done(page)
    const tsv = await download(page, 'Download the table')
    t.equal(String(tsv), commandLine({ 'reads.fa': text }), 'byte for byte')
    t.match(await page.locator('.device').innerText(), /^WebAssembly SIMD, .* threads?/)

    // The rate is half typed when the page is drawn anew, with the calls of another score.
    await page.getByLabel('False-positive rate').fill('12.5')
    await page.getByLabel('Calls rest on').selectOption({ label: 'mlr' })
    await page.locator('.files pre', { hasText: '--by mlr' }).waitFor()
    await page.getByLabel('False-positive rate').press('Enter')
    const other = await download(page, 'Download the table')
    const flags = ['--by', 'mlr', '--fpr', '0.125']
    t.equal(String(other), commandLine({ 'reads.fa': text }, flags), 'by another score, at another rate')
    const said = await page.locator('.files pre').innerText()
    t.equal(said, `xenograd score --blas off ${flags.join(' ')} reads.fa`, 'the command is said')
  })
})

testInChromium('score: several files, gzip, FASTQ', async t => {
  const fastq = reads
    .slice(0, 5)
    .map(({ name, bases }) => `@${name}\n${decode(bases)}\n+\n${'I'.repeat(bases.length)}\n`)
    .join('')
  const files = { 'a.fa.gz': gzipSync(fasta(reads.slice(20, 30))), 'b.fastq': fastq }
  await withPage(t, { acceptDownloads: true }, async ({ page, show }) => {
    await show('score')
    await choose(page, { ...files, 'empty.fa': '' })
    await done(page)
    t.equal(await page.getByText('empty.fa: is empty').count(), 1, 'an empty one among others is said')
    await choose(page, files)
    await page.locator('.progress label', { hasText: 'b.fastq' }).waitFor()
    await done(page)
    const tsv = await download(page, 'Download the table')
    t.equal(String(tsv), commandLine(files), 'with a column of files')
  })
})

testInChromium('score: the threshold is dragged and moved by keys, and counts follow', async t => {
  await withPage(t, {}, async ({ page, show }) => {
    await show('score')
    await page.getByRole('button', { name: 'Try it with an example' }).click()
    await done(page)
    const before = await counts(page)
    const handle = page.getByRole('slider', { name: 'Threshold' })
    await handle.scrollIntoViewIfNeeded()
    const box = await handle.boundingBox()
    const [x, y] = [box!.x + box!.width / 2, box!.y + box!.height / 2]
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 160, y, { steps: 4 })
    await page.mouse.up()
    const dragged = await counts(page)
    t.ok(dragged[1] > before[1], `unknown: ${before[1]}, then ${dragged[1]}`)
    t.equal(dragged[0] + dragged[1], before[0] + before[1], 'of as many')
    const rate = Number(await page.getByLabel('False-positive rate').inputValue())
    t.ok(rate > 5, `false-positive rate ${rate} %`)
    await handle.press('PageDown')
    const byKey = await counts(page)
    t.ok(byKey[1] <= dragged[1])
    t.ok(Number(await page.getByLabel('False-positive rate').inputValue()) < rate, 'ten steps lower')
    await handle.press('Home')
    const least = await counts(page)
    t.ok(least[1] <= byKey[1] && least[1] <= before[1])
    t.match(
      (await handle.getAttribute('aria-valuetext')) ?? '',
      new RegExp(`^0\\.25 % false positives: ${least[1]} reads`),
    )
  })
})

testInChromium('score: the table sorts, filters, scrolls, and opens a read', async t => {
  await withPage(t, { acceptDownloads: true }, async ({ page, show }) => {
    await show('score')
    await choose(page, { 'reads.fa': fasta(reads) })
    await done(page)
    await settled(page)
    const inOrder = await names(page)
    t.equal(inOrder[0], `${reads[0].name}_0`)
    const sort = async (title: string) => {
      await page.locator('.pane th').getByRole('button', { name: title }).click()
      await settled(page)
    }
    await sort('relMahalanobis')
    const ascending = (await column(page, 4)).map(Number)
    t.deepEqual(
      ascending,
      ascending.toSorted((a, b) => a - b),
      'ascending',
    )
    await sort('relMahalanobis')
    const descending = (await column(page, 4)).map(Number)
    t.deepEqual(
      descending,
      descending.toSorted((a, b) => b - a),
      'descending',
    )
    t.ok(descending[0] > ascending[0])
    await sort('relMahalanobis')
    t.deepEqual(await names(page), inOrder, 'and as they came')

    await page.locator('.window').evaluate(window => window.scrollTo(0, 1e9))
    await page.locator('.pane tbody', { hasText: `_${reads.length - 1}` }).waitFor()
    t.pass('the last read is below')
    await page.getByLabel('Name has').fill('OOD_3')
    await page.getByText(/ of 42 reads\./).waitFor()
    t.ok(
      (await names(page)).every(name => name.includes('ood_3')),
      'by name, in any case',
    )
    await page.getByRole('button', { name: 'Show all' }).click()
    await page.getByLabel('Length from').fill('250')
    await page.locator('.filter select').selectOption({ label: 'NA' })
    await page.getByText('0 of 42 reads.').waitFor()
    await page.getByLabel('Length from').fill('')
    await page.getByText(/^1\d of 42 reads\./).waitFor()
    t.deepEqual([...new Set(await column(page, 6))], ['NA'], 'by call: reads that are too short for one')

    const row = page.locator('.pane tbody button').first()
    const index = Number((await row.innerText()).split('_').at(-1))
    await row.click()
    await page.getByText('nats in all').waitFor({ timeout: 60_000 })
    t.match(await page.locator('#opened-read').innerText(), /log p\(base \| \w+\) − log p\(base \| \w+\)/)
    const svg = String(await download(page, 'Likelihood ratio along the read: .* SVG'))
    t.match(svg, /<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    const letters = Array.from(svg.matchAll(/<text[^>]*>([ACGTN])<\/text>/g), ([, letter]) => letter).join('')
    t.equal(letters.replace(/NNA$/, ''), decode(reads[index].bases), 'its bases are under the bars')
  })
})

testInChromium('score: every picture as SVG and PNG', async t => {
  await withPage(t, { acceptDownloads: true, colorScheme: 'dark' }, async ({ page, show }) => {
    await show('score')
    await choose(page, { 'reads.fa': fasta(reads) })
    await done(page)
    for (const title of ['of all reads', 'against GC content', 'against length']) {
      const svg = String(await download(page, `relMahalanobis ${title}: save as SVG`))
      const parsed = await page.evaluate(text => {
        const parsed = new DOMParser().parseFromString(text, 'image/svg+xml')
        return `${parsed.documentElement.nodeName} ${parsed.querySelectorAll('parsererror').length}`
      }, svg)
      t.equal(parsed, 'svg 0', `${title}: SVG`)
      t.notOk(/var\(|light-dark/.test(svg), 'without anything of the page')
      const png = await download(page, `relMahalanobis ${title}: save as PNG`)
      t.equal(png.toString('latin1', 1, 4), 'PNG', `${title}: PNG`)
      t.ok(png.readUInt32BE(16) > 600, `${png.readUInt32BE(16)} dots wide`)
    }
  })
})

testInChromium('score: pause, go on, stop: what is scored stays', async t => {
  const many = [...syntheticReads({ split: 'in_val', count: 10_000, length: 250, seed: 3 })]
  await withPage(t, { acceptDownloads: true }, async ({ page, show }) => {
    await show('score')
    await choose(page, { 'many.fa': fasta(many) })
    await page.locator('.pace', { hasText: /reads per second · about .* left/ }).waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.locator('.pace', { hasText: 'paused' }).waitFor()
    await page.getByRole('button', { name: 'Go on' }).click()
    const [known] = await counts(page)
    await page.waitForFunction(
      known => Number.parseFloat(document.querySelector('.figures dd')?.textContent ?? '0') > known,
      known,
    )
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.locator('.pace', { hasText: 'stopped' }).waitFor()
    const lines = String(await download(page, 'Download the table')).split('\n')
    t.ok(lines.length > 100 && lines.length < 10_000, `${lines.length - 2} reads so far can be had`)
    t.equal(lines.at(-1), '', 'whole lines')
  })
})

testInChromium('score: pasted reads, and a model of one’s own', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  const cell = await findCell('gru')
  const options = { cell, hidden: 3 }
  for (const [seed, name] of ['fg', 'bg'].entries())
    await saveState(join(folder, `${name}.safetensors`), options, initialState({ ...options, seed }), {})
  await withPage(t, { acceptDownloads: true }, async ({ page, show }) => {
    await show('score')
    await page.getByText('Use a detector of your own').click()
    await page.getByLabel(/^Detector, or model/).setInputFiles(join(folder, 'fg.safetensors'))
    await page.getByLabel(/^Background model/).setInputFiles(join(folder, 'bg.safetensors'))
    await page.getByText('Paste reads').click()
    await page.getByLabel('FASTA, FASTQ, or one sequence').fill('ACGTACGTTGCANACGGTCA')
    await page.getByRole('button', { name: 'Score these' }).click()
    await done(page)
    const files = { 'pasted.fa': '>pasted\nACGTACGTTGCANACGGTCA\n' }
    const flags = ['-m', join(folder, 'fg.safetensors'), '-b', join(folder, 'bg.safetensors')]
    t.equal(String(await download(page, 'Download the table')), commandLine(files, flags))
    t.match(await page.locator('section', { hasText: 'Calls' }).first().innerText(), /llr is not calibrated/)
    await page.getByRole('slider').press('ArrowRight')
    await page.locator('.pane tbody button').first().click()
    await page.getByText('nats in all').waitFor({ timeout: 60_000 })
    t.pass('followed along the read')
  })
})

testInChromium('score: what is wrong is said, nothing is lost, and the page goes on', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  const whole = gzipSync(fasta([...syntheticReads({ split: 'in_val', count: 500, length: 250, seed: 5 })]))
  await withPage(t, { acceptDownloads: true }, async ({ page, show }) => {
    const alert = (text: RegExp) => page.getByRole('alert').filter({ hasText: text })
    await show('score')
    await choose(page, { 'protein.fa': '>p\nMKVLAAGIVGLPNVGKSTLFNALTKQEF\n' })
    await alert(/protein\.fa.* (no nucleotide|protein)/i).waitFor()
    await choose(page, { 'cut.fa.gz': whole.subarray(0, 12_000) })
    await alert(/cut\.fa\.gz: gzip data is cut off after read/).waitFor({ timeout: 120_000 })
    const lines = String(await download(page, 'Download the table')).split('\n')
    t.ok(lines.length > 50, `${lines.length - 2} reads before the damage can be had`)

    writeFileSync(join(folder, 'model.safetensors'), '{"no": "model"}')
    await page.getByText('Use a detector of your own').click()
    await page.getByLabel(/^Detector, or model/).setInputFiles(join(folder, 'model.safetensors'))
    await choose(page, { 'reads.fa': fasta(reads) })
    await alert(/model\.safetensors/).waitFor()
    await page.getByLabel(/^Detector, or model/).setInputFiles([])

    await page.evaluate(() => {
      globalThis.Blob = class extends Blob {
        constructor() {
          super()
          throw new DOMException('no space left', 'QuotaExceededError')
        }
      }
      Storage.prototype.setItem = () => {
        throw new DOMException('full', 'QuotaExceededError')
      }
    })
    await choose(page, { 'reads.fa': fasta(reads) })
    await done(page)
    await page.getByRole('button', { name: 'Download the table' }).click()
    await alert(/reads\.scores\.tsv cannot be made: no space left/).waitFor()
    await page.getByRole('button', { name: 'Use dark colours' }).click()
    t.equal(
      await page.getByRole('button', { name: 'Use light colours' }).count(),
      1,
      'colours change without storage',
    )
    t.ok((await names(page)).length > 0, 'the reads are still there')
  })
})

testInChromium('score: in a browser without WebAssembly SIMD', async t => {
  await withPage(t, {}, async ({ page, show }) => {
    await page.addInitScript(() => {
      WebAssembly.validate = () => false
    })
    await page.reload()
    await show('score')
    await page.getByText(/This browser has no WebAssembly SIMD/).waitFor()
    await choose(page, { 'reads.fa': fasta(reads) })
    await page.getByText('Nothing can be scored in this browser: it has no WebAssembly SIMD.').waitFor()
    await page.getByRole('link', { name: 'Guide' }).click()
    t.ok(await page.locator('main h1').innerText(), 'the page goes on')
  })
})

testInChromium('score: without threads', async t => {
  await withPage(t, { serviceWorkers: 'block', acceptDownloads: true }, async ({ page, show }) => {
    t.notOk(await page.evaluate(() => crossOriginIsolated), 'not isolated')
    await show('score')
    await choose(page, { 'reads.fa': fasta(reads) })
    await done(page)
    t.match(await page.locator('.device').innerText(), /1 thread|one thread/i)
    t.equal(String(await download(page, 'Download the table')), commandLine({ 'reads.fa': fasta(reads) }))
  })
})

testInChromium('score: accessible with everything in it (axe-core)', async t => {
  for (const colorScheme of ['light', 'dark'] as const)
    await withPage(t, { colorScheme }, async ({ page, show }) => {
      await show('score')
      await choose(page, { 'reads.fa': fasta(reads) })
      await done(page)
      await page.locator('.pane tbody button').first().click()
      await page.getByText('nats in all').waitFor({ timeout: 60_000 })
      t.deepEqual(await violations(page), [], colorScheme)
    })
})
