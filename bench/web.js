// The page's Score view beside the command line, on this machine, in Chromium (apt-get install chromium).
//
//   npm run build && node bench/web.js                    reads per second of both in turn, with the detector that comes with them,
//                                                         and the time from choosing a file to the first score
//   npm run build && node bench/web.js --many 1000000     memory of a tab with so many reads, scored by two tiny networks

import { spawnSync } from 'node:child_process'
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { decode, syntheticReads } from '../dist/data/index.js'
import { Calibration } from '../dist/eval/index.js'
import { findCell, initialState, saveDetector } from '../dist/model/index.js'
import { withPage } from '../dist/test/web/page.js'

const { values: flags } = parseArgs({
  options: {
    reads: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
    many: { type: 'string' },
  },
})

const folder = mkdtempSync(join(tmpdir(), 'xenograd-web-bench-'))
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const assertions = {
  skip(message) {
    throw new Error(message)
  },
  deepEqual(complaints) {
    for (const complaint of complaints) console.error(complaint)
  },
}

/** Different reads of a file. */
const mostDifferent = 5000

/** A FASTA file of so many reads of 250 bases: synthetic ones, over and over under other names. */
async function readsFile(count) {
  const path = join(folder, `${count}.fa`)
  const different = Math.min(count, mostDifferent)
  const reads = [...syntheticReads({ split: 'in_val', count: different, seed: 1 })]
  const texts = reads.map(({ name, bases }) => [name, decode(bases)])
  function* records() {
    for (let i = 0; i < count; i++) {
      const [name, letters] = texts[i % different]
      yield `>${name}|${i}\n${letters}\n`
    }
  }
  await pipeline(records(), createWriteStream(path))
  return path
}

/** Two networks of four hidden units that have learned nothing: what is measured is the page, not they. */
async function tinyDetector() {
  const cell = await findCell('lstm')
  const model = seed => ({
    path: 'tiny',
    options: { cell, hidden: 4 },
    state: initialState({ cell, hidden: 4, seed }),
    metadata: {},
  })
  const scores = Array.from({ length: 400 }, (_, i) => (i - 200) / 2e4)
  const path = join(folder, 'tiny.safetensors')
  await saveDetector(path, {
    foreground: model(1),
    background: model(2),
    scores: [],
    calibration: {
      scores: new Map([
        [
          'llr',
          new Calibration([
            { length: 100, scores },
            { length: 250, scores },
          ]),
        ],
      ]),
      bothStrands: false,
      source: 'nothing',
    },
    metadata: {},
  })
  return path
}

const median = values => values.toSorted((a, b) => a - b)[values.length >> 1]

/** Has a page score a file; the seconds to the first row, and to the end. */
async function scoreInPage(page, path) {
  const start = performance.now()
  await page.locator('.drop input[type=file]').setInputFiles(path)
  await page.locator('.pane tbody tr').first().waitFor()
  const first = (performance.now() - start) / 1000
  await page.locator('.pace', { hasText: 'done in' }).waitFor({ timeout: 3_600_000 })
  return { first, all: (performance.now() - start) / 1000, pace: await page.locator('.pace').innerText() }
}

/** Reads per second as the command line tells them. */
function commandLineRate(path) {
  const { stderr } = spawnSync(process.execPath, [main, 'score', path, '-o', join(folder, 'scores.tsv')], {
    encoding: 'utf8',
  })
  return Number(/([\d.]+) reads\/s/.exec(stderr)?.[1])
}

async function speed() {
  const path = await readsFile(Number(flags.reads))
  const [rates, firsts] = [[], []]
  await withPage(assertions, {}, async ({ page, show }) => {
    await show('score')
    for (let round = 0; round < Number(flags.rounds); round++) {
      await page.reload()
      const { first, pace } = await scoreInPage(page, path)
      const inPage = Number(/([\d.]+) s$/.exec(pace)?.[1])
      const rate = Number(flags.reads) / inPage
      const commandLine = commandLineRate(path)
      rates.push({ page: rate, commandLine, ratio: rate / commandLine })
      firsts.push(first)
      console.log(
        `page ${rate.toFixed(1)} reads/s, command line ${commandLine.toFixed(1)} reads/s, ratio ${(rate / commandLine).toFixed(2)}; first score ${first.toFixed(2)} s after choosing the file`,
      )
    }
  })
  console.log(
    `median of ${rates.length}: page ${median(rates.map(rate => rate.page)).toFixed(1)} reads/s, command line ${median(rates.map(rate => rate.commandLine)).toFixed(1)}, ratio ${median(rates.map(rate => rate.ratio)).toFixed(2)}; first score ${median(firsts).toFixed(2)} s`,
  )
}

/** The largest resident memory that a renderer of ours has had, in MB. */
function rendererPeak() {
  const parents = new Map()
  const processes = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  for (const id of processes) {
    try {
      parents.set(id, /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1])
    } catch {} // gone
  }
  const isOurs = id => (id === undefined ? false : id === String(process.pid) || isOurs(parents.get(id)))
  const peaks = processes.filter(isOurs).flatMap(id => {
    const commandLine = readFileSync(`/proc/${id}/cmdline`, 'utf8')
    if (!commandLine.includes('--type=renderer')) return []
    return [Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1]) / 1024]
  })
  return Math.max(...peaks)
}

async function memory() {
  const count = Number(flags.many)
  const [path, detector] = [await readsFile(count), await tinyDetector()]
  await withPage(assertions, { acceptDownloads: true }, async ({ page, show }) => {
    await show('score')
    await page.getByText('Use a detector of your own').click()
    await page.getByLabel(/^Detector, or model/).setInputFiles(detector)
    const { all, pace } = await scoreInPage(page, path)
    console.log(`${count} reads of 250 bases, ${all.toFixed(0)} s: ${pace}`)
    const inUse = await page.evaluate(async () => (await performance.measureUserAgentSpecificMemory()).bytes)
    console.log(`memory of the tab and its workers: ${(inUse / 1e6).toFixed(0)} MB`)
    const timed = async (what, act) => {
      const start = performance.now()
      await act()
      console.log(`${what}: ${((performance.now() - start) / 1000).toFixed(2)} s`)
    }
    const firstRow = page.locator('.pane tbody tr').first()
    const unknown = page.locator('.figures dd').nth(1)
    await timed('threshold moved by a key, counts follow', async () => {
      const before = await unknown.innerText()
      await page.getByRole('slider').press('ArrowRight')
      await page.waitForFunction(
        before => document.querySelectorAll('.figures dd')[1].textContent.trim() !== before.trim(),
        before,
      )
    })
    for (const column of ['length', 'llr', 'read'])
      await timed(`sorted by ${column}`, async () => {
        const header = page.locator('.pane th', { hasText: column })
        await header.getByRole('button').click()
        await page.locator('.reads[aria-busy=false]').waitFor()
      })
    await timed('filtered by name', async () => {
      await page.getByLabel('Name has').fill('_1|in_val|7|77')
      await page.getByText(/ of [\d,]+ reads\./).waitFor({ timeout: 60_000 })
    })
    await firstRow.waitFor()
    await Promise.all([
      page.waitForEvent('download', { timeout: 600_000 }),
      page.getByRole('button', { name: 'Download the table' }).click(),
    ])
    console.log(
      `largest resident memory of a renderer, the table's download included: ${rendererPeak().toFixed(0)} MB`,
    )
  })
}

console.log(`${process.version}, ${cpus().length} × ${cpus()[0].model}`)
try {
  await (flags.many ? memory() : speed())
} finally {
  rmSync(folder, { recursive: true })
}
