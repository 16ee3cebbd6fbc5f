// How time and memory grow with reads, length, hidden units, threads and processes; beside what is measured, a model of
// what it costs (scaleModel.js); and by that model the paper's training on 1 to 64 machines.
//
//   node bench/scale.js                    measures; writes scale.json, scaleMeasured.svg and scalePredicted.svg
//   node bench/scale.js --only processes   measures some of train, score, processes; the others are as scale.json has them
//   node bench/scale.js --only ''          measures nothing, and fits and draws what scale.json has
//   node bench/scale.js --quick            a few sizes so small that they say nothing: does it run?
//
// Of training and scoring the processor's time is taken, since others may use the machine, too: of a step, the least of
// several. What connects processes is timed by the clock, the least of several. Processes need Open MPI's mpirun and
// koffi, networks namespaces (iproute2, as root); what cannot be had is left out, and said.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { syntheticReads, writeReads } from '../dist/data/index.js'
import { initialState, saveState } from '../dist/model/index.js'
import { watchConditions } from './conditions.js'
import { picture } from './scaleCharts.js'
import { parameterCount } from './scaleModel.js'
import { emulatedNetwork, sharedMemory } from './scaleNetwork.js'
import { measuredPanels, modelled, paper, predictedPanels, predictions, reportText } from './scaleReport.js'
import { trainingOptions } from './trainingOptions.js'

const bench = fileURLToPath(new URL('.', import.meta.url))
const program = new Command('node bench/scale.js')
  .option('--quick', 'a few small sizes, to see that it runs')
  .option('--only <parts>', 'what to measure, of train, score and processes', 'train,score,processes')
  .option('--blas <library>', 'as of xenograd train', 'auto')
  .option('--out <folder>', "where results go, and earlier ones are: this file's, or none if it is quick")
  .parse()
const { quick, only, blas, out = quick ? undefined : bench } = program.opts()

const say = text => process.stderr.write(`${text}\n`)

const along = (base, axis, values) => values.map(value => ({ ...base, axis, [axis]: value }))

/**
 * Sizes of trainings. An axis varies one of a base's sizes; others tell apart what grows together on every axis, and
 * those `apart` are not fitted, but predicted.
 */
function trainings() {
  if (quick) {
    const base = { rows: 4, length: 10, hidden: 16, threads: 1 }
    return [...along(base, 'rows', [4, 8]), ...along(base, 'hidden', [16, 32])]
  }
  const base = { rows: 50, length: 100, hidden: 128, threads: 1 }
  return [
    ...along(base, 'rows', [6, 12, 25, 50, 100, 200]),
    ...along(base, 'length', [25, 50, 100, 200, 400]),
    ...along(base, 'hidden', [32, 64, 128, 256, 512]),
    ...[6, 2].map(rows => ({ ...base, rows, length: 50, hidden: 512 })),
    { ...base, rows: 100, length: 50, hidden: 256 },
    { ...base, rows: 48, shards: 4 },
    { ...base, rows: 48, shards: 8, hidden: 256, length: 50 },
    ...along({ ...base, hidden: 512 }, 'threads', [1, 2]),
    { ...base, rows: 2, length: 5, hidden: 1024 },
    { ...base, length: 50, hidden: 1024, apart: true },
    ...[100, 12, 2].map(rows => ({ ...base, rows, length: 10, hidden: paper.hidden, apart: true })),
    { ...base, rows: 100, length: 40, hidden: paper.hidden, apart: true },
  ]
}

/** Sizes of scorings, as of trainings. */
function scorings() {
  const base = { reads: 1000, length: 250, hidden: 64, threads: 1 }
  if (quick) return along(base, 'reads', [10, 200])
  return [
    ...along(base, 'reads', [250, 500, 1000, 2000, 4000, 8000, 32_000]),
    ...along(base, 'length', [125, 250, 500, 1000, 2000, 4000]),
    ...along({ ...base, reads: 500 }, 'hidden', [32, 64, 128, 256, 512]),
  ]
}

/** Steps of a training: half a second of them, by a guess at the processor's speed. */
function stepsOf({ rows, length, hidden }) {
  const seconds = (24 * rows * length * hidden ** 2) / 4e10
  return quick ? 2 : Math.min(10, Math.max(3, Math.ceil(0.5 / seconds)))
}

const scratch = mkdtempSync(join(tmpdir(), 'xenograd-scale-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

/** Reads of a length in a file, made once. */
async function readsFile(count, length) {
  const path = join(scratch, `${count}x${length}.fasta`)
  if (!existsSync(path)) await writeReads(path, syntheticReads({ split: 'in_tr', count, length, seed: 1 }))
  return path
}

/** An untrained model of so many hidden units in a file, made once. */
async function modelFile(hidden) {
  const path = join(scratch, `${hidden}.safetensors`)
  if (!existsSync(path)) {
    const options = await trainingOptions(hidden)
    await saveState(path, options, initialState(options), { step: '0', seed: '1' })
  }
  return path
}

/** Have a process of its own measure some work, or several, by a launcher; its answer, or undefined and a word on stderr. */
function measure(work, launcher = []) {
  const script = join(bench, 'scaleWork.js')
  const [command, ...args] = [...launcher, process.execPath, script, JSON.stringify(work)]
  const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' }
  // Processes that wait for each other may do so for ever.
  const timeout = launcher.length > 0 ? 60_000 : 300_000
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env, timeout })
  const end = () => child.kill()
  process.once('exit', end)
  const texts = { stdout: '', stderr: '' }
  for (const name of Object.keys(texts))
    child[name].on('data', data => {
      texts[name] += data
    })
  return new Promise(resolve => {
    const leaveOut = why => resolve(void say(`left out: ${JSON.stringify(work)}\n  ${why}`))
    child.on('error', error => leaveOut(error.message))
    child.on('close', (code, signal) => {
      process.off('exit', end)
      const line = texts.stdout.split('\n').findLast(text => text.startsWith('{'))
      if (code === 0 && line) resolve(JSON.parse(line))
      else leaveOut(`ended with ${code ?? signal}: ${texts.stderr.trim().slice(-500)}`)
    })
  })
}

/** Measure works one after the other; `filesOf`: what each needs beside its sizes. */
async function measureAll(kind, works, filesOf) {
  const results = []
  for (const work of works) {
    const result = await measure({ kind, blas, ...work, ...(await filesOf(work)) })
    if (!result) continue
    results.push({ ...work, ...result })
    say(`${kind} ${JSON.stringify(results.at(-1))}`)
  }
  return results
}

const measureTrainings = () =>
  measureAll('train', trainings(), async work => ({
    ...{ reads: await readsFile(200, work.length), out: join(scratch, 'out'), steps: stepsOf(work) },
  }))

const measureScorings = () =>
  measureAll('score', scorings(), async ({ reads, length, hidden }) => ({
    ...{ reads: await readsFile(reads, length), model: await modelFile(hidden) },
    out: join(scratch, 'scores.tsv'),
  }))

/** What joins processes. */
const connections = [
  { name: 'shared memory', open: count => sharedMemory(count) },
  ...[10, 1].map(gigabits => ({
    name: `${gigabits} Gbit/s`,
    open: count => emulatedNetwork(scratch, count, gigabits),
  })),
]

/** Sums by size, and a training step of as many shards as processes, over each connection. */
async function measureProcesses() {
  const results = { sums: [], trainings: [] }
  if (spawnSync('mpirun.openmpi', ['--version']).error) {
    say('no processes: there is no mpirun.openmpi (Debian: apt-get install openmpi-bin)')
    return results
  }
  const sizes = quick ? [8, 65536] : [8, 4096, 65536, 2 ** 20, 12e6, 4 * parameterCount(paper.hidden)]
  const training = quick
    ? { rows: 8, length: 10, hidden: 16, threads: 1 }
    : { rows: 48, length: 50, hidden: 256, threads: 1 }
  const counts = quick ? [2] : [2, 4]
  const step = async (work, launcher) => {
    const files = { reads: await readsFile(200, training.length), out: join(scratch, 'out') }
    const result = await measure({ kind: 'train', blas, steps: 6, ...training, ...work, ...files }, launcher)
    if (result) results.trainings.push({ ...training, ...work, ...result })
    say(`step ${JSON.stringify(result)}`)
  }
  for (const shards of counts) await step({ shards, processes: 1 })
  for (const { name, open } of quick ? connections.slice(0, 1) : connections)
    for (const processes of counts) {
      let link
      try {
        link = open(processes)
      } catch (error) {
        say(`no network of ${name}: ${error.message.split('\n')[0]} (needs iproute2, and root)`)
        break
      }
      try {
        const answer = await measure({ kind: 'sums', sizes }, link.launcher)
        results.sums.push(...(answer?.sums ?? []).map(sum => ({ connection: name, processes, ...sum })))
        await step({ shards: processes, processes, connection: name }, link.launcher)
      } finally {
        link.close()
      }
    }
  return results
}

const resultsFile = out && join(out, 'scale.json')
const earlier = resultsFile && existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')) : {}
const conditionsNow = watchConditions()
const parts = only.split(',').filter(Boolean)
const measured = { ...earlier.measured }
const conditions = { ...earlier.conditions }
const measurements = { train: measureTrainings, score: measureScorings, processes: measureProcesses }
const write = (name, text) => {
  if (!out) return
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, name), text)
}
let model = modelled(measured)
for (const part of parts) {
  if (!(part in measurements))
    program.error(`--only ${part}: it is one of ${Object.keys(measurements).join(', ')}`)
  measured[part] = await measurements[part]()
  conditions[part] = conditionsNow()
  model = modelled(measured)
  write('scale.json', `${JSON.stringify({ conditions, measured }, null, 1)}\n`)
}
// Of quick sizes nothing follows for machines.
const predicted = measured.train && !quick ? predictions(model) : []
console.log(reportText({ conditions, model, predicted }))
write('scaleMeasured.svg', await picture(measuredPanels(model), 3))
if (predicted.length > 0) {
  const names = [...new Set(predicted.map(({ network }) => network))]
  write('scalePredicted.svg', await picture(predictedPanels(predicted), 2, names))
}
