// Values of one option of the device wasm beside each other: what does it cost, and is the device's own choice a good one?
//
//   node bench/options.js blas off on auto [--only train,score] [--hidden 64,256] [--pairs 9] [--threads 1] [--steps 250] [--wall]
//   node bench/options.js memory64 off on
//
// The least of some rounds, in which each value is measured once, in turn, and that over the first value's. Seconds are the
// processor's (of all threads together), which other work on the machine disturbs less; with --wall those of the clock.
import { Command } from 'commander'
import { xenograd } from './candidates.js'
import { problemFiles } from './compare.js'
import { watchConditions } from './conditions.js'
import { Participant } from './participant.js'
import { steps as allSteps, batch } from './problem.js'

const program = new Command('node bench/options.js')
  .argument('<option>', 'of the device wasm: blas, memory64, vectors')
  .argument('<values...>', 'what it is set to')
  .option('--only <kinds>', 'what is measured', 'train,score')
  .option('--hidden <sizes>', 'sizes of the LSTM', '64,256')
  .option('--pairs <count>', 'rounds', '9')
  .option('--threads <count>', 'threads', '1')
  .option('--steps <count>', 'bases of a read', `${allSteps}`)
  .option('--wall', 'seconds of the clock instead of the processor')
  .parse()
const [option, values] = program.processedArgs
const { only, hidden, pairs, threads, wall, ...given } = program.opts()
const steps = Number(given.steps)
const problemFor = problemFiles()

/** Seconds a step of every value, round by round. */
async function measure(work, hidden) {
  const candidate = xenograd('lstm', Number(threads))
  const job = { work, hidden, batch, steps, problem: problemFor(hidden, steps), ...candidate.work }
  const participants = []
  for (const value of values) {
    const env = { ...candidate.program.env, [`XENOGRAD_${option.toUpperCase()}`]: value }
    const participant = await Participant.start({ ...candidate.program, env }, job)
    participants.push(participant)
    await participant.warmUp()
  }
  const samples = values.map(() => [])
  for (let round = 0; round < Number(pairs); round++)
    for (const [i, participant] of participants.entries())
      samples[i].push(await participant.measure(wall ? 'seconds' : 'processorSeconds'))
  for (const participant of participants) participant.stop()
  return samples
}

const conditions = watchConditions()
const rows = []
for (const work of only.split(','))
  for (const size of hidden.split(',').map(Number)) {
    const samples = await measure(work, size)
    const least = samples.map(own => Math.min(...own))
    const cells = least.map(seconds => `${seconds.toPrecision(3)} s, ${(seconds / least[0]).toFixed(3)}`)
    rows.push(`| ${work} | ${size} | ${cells.join(' | ')} |`)
    process.stderr.write(`${rows.at(-1)}\n`)
  }
const { date, machine, runtime, commit, load, environment } = conditions()
console.log(`${[date, machine, runtime, `commit ${commit}`, `load before ${load.toFixed(1)}`, ...environment].join(', ')}
\`node bench/options.js ${process.argv.slice(2).join(' ')}\`: ${wall ? 'clock' : 'processor'} seconds a step, and over ${values[0]}

| work | hidden units | ${values.map(value => `${option} ${value}`).join(' | ')} |
| --- | --- | ${values.map(() => '---').join(' | ')} |
${rows.join('\n')}`)
process.exit()
