// One measurement of bench/scale.js, in a process of its own: what is to be done comes as JSON in the last argument, what
// it took goes to stdout as a line of JSON. Under MPI's launcher it is one of several processes, and the first one writes.

import { loadMpi } from '../dist/engine/collective/mpiLibrary.js'
import { joinMpi, launchOf, openDevice } from '../dist/engine/index.js'
import { defaults, trainFromSettings } from '../dist/model/index.js'

const processorSeconds = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** The most memory that this process has had, in bytes. */
const peakMemory = () => 1024 * process.resourceUsage().maxRSS

const answer = result => process.stdout.write(`${JSON.stringify(result)}\n`)

/** The command line's `score`, from the process's start to its end. */
async function score({ model, reads, out, threads, blas }) {
  process.on('exit', () =>
    answer({ processor: processorSeconds(), wall: performance.now() / 1000, memory: peakMemory() }),
  )
  const options = ['-m', model, '-o', out, '-j', threads, '--blas', blas, '--quiet']
  process.argv.splice(2, Infinity, 'score', reads, ...options.map(String))
  await import('../dist/cli/main.js')
}

/** A group whose sums of gradients are preceded by a wait for the others; `spent`: seconds of the sums, without that wait. */
function timed(group) {
  const spent = { exchanging: 0, processor: 0 }
  const sum = async values => {
    // While words are summed the device computes; gradients are there when their sum begins.
    if (!(values instanceof Float32Array)) return group.sum(values)
    const processor = processorSeconds()
    await group.sum(new Int32Array(group.size))
    const begin = performance.now()
    await group.sum(values)
    spent.exchanging += (performance.now() - begin) / 1000
    spent.processor += processorSeconds() - processor
  }
  const { rank, size, description } = group
  return { spent, processes: { rank, size, description, sum, abort() {}, close: () => group.close() } }
}

/**
 * Steps of a training: the least processor and wall time of those after the first two, which compile and warm up. Of
 * several processes, processor time is without that of exchanging, whose least time is by the clock.
 */
async function train({ reads, out, rows, length, hidden, shards, threads, blas, steps }) {
  await openDevice('wasm', { threads, blas, vectors: 'auto' })
  const launch = launchOf()
  const { spent, processes } = launch ? timed(joinMpi('auto', launch)) : {}
  const least = { processor: Infinity, wall: Infinity, ...(spent && { exchanging: Infinity }) }
  let count = 0
  let [lastProcessor, lastWall] = [0, 0]
  const onStep = () => {
    const step = {
      processor: processorSeconds() - lastProcessor - (spent?.processor ?? 0),
      wall: (performance.now() - lastWall) / 1000,
      exchanging: spent?.exchanging,
    }
    if (++count > 2) for (const name of Object.keys(least)) least[name] = Math.min(least[name], step[name])
    if (spent) Object.assign(spent, { exchanging: 0, processor: 0 })
    ;[lastProcessor, lastWall] = [processorSeconds(), performance.now()]
    if (count < steps + 2 || launch) return
    // Nobody needs this run's checkpoint.
    answer({ ...least, memory: peakMemory() })
    process.exit()
  }
  const settings = {
    ...{ ...defaults, hidden_lstm_size: hidden, batch_size: rows, seq_len: length, shards: shards ?? 0 },
    ...{ num_steps: steps + 3, val_freq: 1e6, log_freq: 1e6, in_val_data_dir: '', ood_val_data_dir: '' },
    ...{ in_tr_data_dir: reads, out_dir: out, fresh: true },
  }
  await trainFromSettings(settings, { onStep, ...(processes && { processes }) })
  if (launch?.rank === 0) answer({ ...least, memory: peakMemory() })
  await processes?.close()
  process.exit()
}

/** Sums over processes by size, as training makes them and by the library's own (blocking) MPI_Allreduce: the least of several times. */
async function sums({ sizes }) {
  const launch = launchOf()
  const group = joinMpi('auto', launch)
  const mpi = loadMpi('auto', launch)
  const { world, sum, types } = mpi.abi
  const native = mpi.func('MPI_Allreduce', 'uintptr_t', 'uintptr_t', 'int', 'handle', 'handle', 'handle')
  const results = []
  for (const bytes of sizes) {
    const values = new Float32Array(bytes / 4)
    const total = new Float32Array(bytes / 4)
    const repeat = async once => {
      let seconds = Infinity
      for (let i = 0; i < (bytes > 2 ** 22 ? 4 : 20); i++) {
        await group.sum(new Int32Array(group.size)) // all begin together
        const begin = performance.now()
        await once()
        seconds = Math.min(seconds, (performance.now() - begin) / 1000)
      }
      return seconds
    }
    const ours = await repeat(() => group.sum(values))
    const theirs = await repeat(() =>
      native(mpi.address(values), mpi.address(total), values.length, types.float32, sum, world),
    )
    results.push({ bytes, wall: ours, library: theirs })
  }
  if (launch.rank === 0) answer({ sums: results })
  await group.close()
  process.exit()
}

const { kind, ...work } = JSON.parse(process.argv.at(-1))
await { score, train, sums }[kind](work)
