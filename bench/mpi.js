// Training by processes over MPI beside one process with threads, on this machine: does spreading a step cost anything?
//
//   node bench/mpi.js [--hidden 256] [--rounds 5] [--steps 10] [--shards 2,8] [--blas auto,off]
//     [--launcher mpirun.openmpi]
//
// In each round every contestant is started once, in turn: one process with two threads and whole batches, the same in
// shards, and two processes of one thread each. A contestant's time is that of its fastest step; ratios are medians over
// rounds. Of processes also the parts of a step that are not computing: waiting for the other, and exchanging. Where others
// use the machine, too, the processor's time says more: of a process with two threads half of it is what a step takes on
// two free cores, of two processes that of the first, which has as many rows as the other or more.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { syntheticReads, writeReads } from '../dist/data/index.js'
import { joinMpi, launchOf, openDevice } from '../dist/engine/index.js'
import { defaults, trainFromSettings } from '../dist/model/index.js'
import { watchConditions } from './conditions.js'
import { steps as bases, batch } from './problem.js'
import { summary } from './statistics.js'

const program = new Command('node bench/mpi.js')
  .option('--hidden <units>', 'hidden units', '256')
  .option('--rounds <count>', 'rounds', '5')
  .option('--steps <count>', 'steps of each contestant', '10')
  .option('--shards <counts>', 'shards of a batch', '2,8')
  .option('--blas <choices>', 'with a BLAS library (auto), without (off), or both', 'auto,off')
  .option('--launcher <command>', "MPI's mpirun", 'mpirun.openmpi')
  .option('--contestant <json>', 'what this process is to do')
  .parse()
const { hidden, rounds, steps, shards, blas, launcher, contestant } = program.opts()

/** A group whose sums of gradients are preceded by a wait for the others, so that both can be told apart. */
function timed(group) {
  const spent = { waiting: 0, exchanging: 0 }
  const sum = async values => {
    if (!(values instanceof Float32Array)) return group.sum(values)
    const begin = performance.now()
    await group.sum(new Int32Array(group.size))
    const together = performance.now()
    await group.sum(values)
    spent.waiting += together - begin
    spent.exchanging += performance.now() - together
  }
  const { rank, size, description } = group
  return { spent, processes: { rank, size, description, sum, abort() {}, close: () => group.close() } }
}

/** Train as a contestant, and print the milliseconds of each step and its parts. */
async function run({ folder, threads, shards, blas }) {
  await openDevice('wasm', { threads, blas, vectors: 'auto' })
  const launch = launchOf()
  const { spent, processes } = launch ? timed(joinMpi('auto', launch)) : {}
  const parts = []
  let last = performance.now()
  let usage = process.cpuUsage()
  const onStep = () => {
    const now = performance.now()
    const { user, system } = process.cpuUsage(usage)
    parts.push({ step: now - last, processor: (user + system) / 1000 / threads, ...spent })
    last = now
    usage = process.cpuUsage()
    if (spent) Object.assign(spent, { waiting: 0, exchanging: 0 })
  }
  const settings = {
    ...{ ...defaults, hidden_lstm_size: Number(hidden), batch_size: batch, seq_len: bases, shards },
    ...{ num_steps: Number(steps), val_freq: 1e6, log_freq: 1e6, in_val_data_dir: '', ood_val_data_dir: '' },
    ...{ in_tr_data_dir: join(folder, 'in_tr.tfrecord'), out_dir: join(folder, 'out'), fresh: true },
  }
  await trainFromSettings(settings, { onStep, ...(processes && { processes }) })
  // The first step compiles, the last one is followed by a checkpoint.
  if (!launch || launch.rank === 0) process.stdout.write(`${JSON.stringify(parts.slice(2, -1))}\n`)
  await processes?.close()
  process.exit()
}

/** Start a contestant; returns the parts of its steps. */
function start({ command, ...work }) {
  const script = [fileURLToPath(import.meta.url), `--hidden=${hidden}`, `--steps=${steps}`]
  const [executable, ...args] = [
    ...command,
    process.execPath,
    ...script,
    `--contestant=${JSON.stringify(work)}`,
  ]
  const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' }
  const child = spawn(executable, args, { stdio: ['ignore', 'pipe', 'inherit'], env })
  let text = ''
  child.stdout.on('data', data => {
    text += data
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code =>
      code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`ended with ${code}`)),
    )
  })
}

if (contestant) await run(JSON.parse(contestant))

const folder = mkdtempSync(join(tmpdir(), 'xenograd-mpi-'))
await writeReads(
  join(folder, 'in_tr.tfrecord'),
  syntheticReads({ split: 'in_tr', count: 1000, length: bases, seed: 1 }),
)
const conditions = watchConditions()
const counts = shards.split(',').map(Number)
const two = launcher.includes('openmpi') ? [launcher, '--oversubscribe', '-n', '2'] : [launcher, '-n', '2']
const contestants = blas.split(',').flatMap(blas => [
  { title: '1 process of 2 threads, whole batches', blas, command: [], threads: 2, shards: 0 },
  ...counts.flatMap(shards => [
    { title: `1 process of 2 threads, ${shards} shards`, blas, command: [], threads: 2, shards },
    { title: `2 processes of 1 thread, ${shards} shards`, blas, command: two, threads: 1, shards },
  ]),
])
const seen = contestants.map(() => [])
for (let round = 0; round < Number(rounds); round++) {
  for (const [i, contestant] of contestants.entries()) {
    const parts = await start({ ...contestant, folder })
    const fastest = parts.reduce((best, part) => (part.step < best.step ? part : best))
    seen[i].push({ ...fastest, processor: Math.min(...parts.map(part => part.processor)) })
  }
  process.stderr.write(`round ${round + 1} of ${rounds}\n`)
}
rmSync(folder, { recursive: true })

const columns = ['BLAS', 'ms a step', 'speed', "processor's ms a step", 'speed by that', 'waiting, ms']
console.log(
  `| H = ${[hidden, ...columns, 'exchanging, ms'].join(' | ')} |\n|${' --- |'.repeat(columns.length + 2)}`,
)
for (const [i, { title, blas }] of contestants.entries()) {
  const base = seen[contestants.findIndex(other => other.blas === blas)]
  const milliseconds = (name, digits) => summary(seen[i].map(part => part[name])).median.toFixed(digits)
  const speed = name => {
    const { median, min, max } = summary(seen[i].map((part, round) => base[round][name] / part[name]))
    return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`
  }
  const times = ['step', 'processor'].flatMap(name => [milliseconds(name, 0), speed(name)])
  const others = ['waiting', 'exchanging'].map(name => (name in seen[i][0] ? milliseconds(name, 1) : ''))
  console.log(`| ${[title, blas, ...times, ...others].join(' | ')} |`)
}
console.log(JSON.stringify(conditions()))
