// Xenograd beside its peers, in turn. `npm run bench -- --help`; peers are installed with `npm --prefix bench ci`.
import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError, Option } from 'commander'
import { writeFileAtomic } from '../dist/data/index.js'
import { cellArithmetic } from '../dist/engine/testing/index.js'
import { findCell } from '../dist/model/index.js'
import { agree } from './agree.js'
import { teams, xenograd } from './candidates.js'
import { checkLosses, compare, compareStarts, problemFiles, withRatios } from './compare.js'
import { watchConditions } from './conditions.js'
import { bases, batch } from './problem.js'
import { isOfCells, report, runReport } from './report.js'
import { summary } from './statistics.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const { xenograd: us, ...others } = teams
const peerNames = Object.keys(others)
const ours = [us.title, teams.blas.title]

/** The built-in cell, two shipped variants of it, and two that a user would bring. */
const cells = [
  'lstm',
  'peepholeLstm',
  'coupledGateLstm',
  join(here, 'refineGateLstm.js'),
  join(here, 'signedLogLstm.js'),
]

/** Kinds of work and how each is measured at one size: entries, as `compare` gives them, and who is missing. */
const kinds = {
  train: settings => beside('train', settings),
  score: settings => beside('score', settings),
  cells: settings => besideLstm('train', settings),
  cellScores: settings => besideLstm('score', settings),
  async start(settings) {
    // The others compile for longer than PyTorch starts.
    const started = settings.peers.filter(team => team === teams.torch)
    const { entries, missing } = await compareStarts([us, ...started], settings)
    return { entries: withRatios(entries, us.title), missing }
  },
}

/** Sizes of each kind: cells matter where maps are a good share of the work, a start where little else is. */
const sizesOf = (kind, hidden) =>
  kind === 'start' ? hidden.slice(0, 1) : isOfCells(kind) ? hidden.filter(size => size <= 256) : hidden

/** Everyone on one kind of work, with times over our own. */
async function beside(work, settings) {
  const { entries, missing } = await compare([us, ...settings.peers], { ...settings, work })
  checkLosses(entries)
  return { entries: withRatios(entries, us.title), missing }
}

/** All cells on one kind of work. */
async function besideLstm(work, { hidden, threads, ...settings }) {
  const most = Math.max(...threads)
  const team = { title: us.title, candidates: () => cells.map(cell => xenograd(cell, most)) }
  const { entries, missing } = await compare([team], { ...settings, work, hidden, threads })
  return { entries: await overArithmetic(entries, hidden, work), missing }
}

/** Time over arithmetic of each cell, both relative to the first one's. */
async function overArithmetic(entries, hidden, work) {
  const operations = await Promise.all(
    cells.map(async cell => cellArithmetic(await findCell(cell), hidden, batch, bases, work)),
  )
  const [first] = entries
  return entries.map((entry, i) => {
    const times = entry.samples.map((seconds, round) => seconds / first.samples[round])
    const share = operations[i] / operations[0]
    return {
      ...entry,
      arithmetic: share,
      ratio: summary(times),
      overArithmetic: summary(times.map(time => time / share)),
    }
  })
}

async function measure(problemFor, options) {
  // What cannot be written or continued ends the run now, not after an hour.
  const path = name => join(resolve(options.out), name)
  await mkdir(resolve(options.out), { recursive: true })
  const earlier = options.append ? JSON.parse(await readFile(path('results.json'), 'utf8')) : []
  const conditions = watchConditions()
  const peers = options.peers.map(name => teams[name])
  const comparisons = []
  for (const work of options.only)
    for (const hidden of sizesOf(work, options.hidden)) {
      log(`-- ${work}, H = ${hidden}`)
      const { threads, pairs } = options
      const clock = options.processor ? 'processorSeconds' : 'seconds'
      const measured = await kinds[work]({ hidden, threads, pairs, clock, peers, problemFor, log })
      comparisons.push({ work, hidden, ...measured })
    }
  const { remark, pairs } = options
  const args = process.argv.slice(2).map(arg => (arg.includes(' ') ? `'${arg}'` : arg))
  const command = ['npm run bench', ...(args.length ? ['--', ...args] : [])]
  const run = { conditions: { ...conditions(), command: command.join(' '), pairs, remark }, comparisons }
  const runs = [...earlier, run]
  await writeFileAtomic(path('results.json'), `${JSON.stringify(runs, null, 2)}\n`)
  const ofOtherScripts = await resultsOfOthers(path('RESULTS.md'))
  await writeFileAtomic(path('RESULTS.md'), `${report(runs, ours).trimEnd()}\n\n${ofOtherScripts}`)
  console.log(runReport(run, ours))
  if (comparisons.some(({ missing }) => missing.some(({ team }) => team === us.title))) process.exitCode = 1
  log(`written: ${path('RESULTS.md')}, ${path('results.json')}`)
}

/** In RESULTS.md, before what other scripts have measured, which stays when this one writes its own anew. */
const othersBegin = '<!-- Measured by other scripts than `npm run bench`, which keeps what follows. -->'

async function resultsOfOthers(file) {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.includes(othersBegin) ? text.slice(text.indexOf(othersBegin)) : `${othersBegin}\n`
}

async function checkAgreement(problemFor, { hidden, peers }) {
  const all = [us, ...peers.map(name => teams[name])]
  const passed = await agree(all, { hidden: hidden[0], steps: 50, problemFor, log: console.log })
  if (!passed) process.exitCode = 1
}

const log = line => process.stderr.write(`${line}\n`)

const listOf = known => text => {
  const names = text.split(',')
  const unknown = names.filter(name => !known.includes(name))
  if (unknown.length) throw new InvalidArgumentError(`${unknown.join(', ')}; there are ${known.join(', ')}`)
  return names
}
function count(text) {
  const n = Number(text)
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError(`${text}; give whole numbers from 1`)
  return n
}
const counts = text => text.split(',').map(count)
const option = (flags, description, parser, value) =>
  new Option(flags, description).argParser(parser).default(value, `${value}`)

const options = new Command('npm run bench --')
  .description('Xenograd beside its peers, in turn; writes RESULTS.md and results.json')
  .addOption(option('--only <kinds>', 'kinds of work', listOf(Object.keys(kinds)), Object.keys(kinds)))
  .addOption(option('--hidden <sizes>', 'sizes of the LSTM', counts, [64, 128, 256, 512, 1024, 2000]))
  .addOption(option('--peers <names>', 'whom to measure against', listOf(peerNames), peerNames))
  .addOption(option('--threads <counts>', 'numbers of threads; the best one counts', counts, [1, 2]))
  .addOption(option('--pairs <count>', 'rounds, in each of which everyone is measured once', count, 5))
  .option(
    '--processor',
    "seconds of the processor, all threads together, instead of the clock's: of Xenograd alone",
  )
  .option('--out <folder>', 'where the results go', here)
  .option('--append', 'keep the runs that are in the results already')
  .option('--remark <text>', 'a title for this run in the results')
  .option('--agree', 'only check that everyone computes the same loss and gradients (first size)')
  .parse()
  .opts()
await (options.agree ? checkAgreement : measure)(problemFiles(), options)
process.exit()
