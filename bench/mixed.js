// What reads of different lengths cost: bases per second of inputs as the command line scores them.
//
//   node bench/mixed.js [--other ../old] [--hidden 64,256] [--bases 4e6,1e6] [--rounds 5] [--threads 2] [--batch 100]
//   node bench/mixed.js --only 'one record' --bases 1e8 --rounds 1   # with the most memory that the process has had
//
// Inputs of equal and of mixed lengths, each build in a process of its own that is stopped while the others run, in turn.
// A round's ratio is the processor time per base of the equal reads over that of the mixed ones: above 1 the mixed ones
// are faster. Processor time (of all threads), because that is what other work on the machine changes least.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { problemFiles } from './compare.js'
import { watchConditions } from './conditions.js'
import { kinds, lengthsOf } from './lengths.js'
import { Participant } from './participant.js'
import { steps } from './problem.js'
import { summary } from './statistics.js'

const program = new Command('node bench/mixed.js')
  .option('--other <checkout>', 'another checkout, built, beside this one')
  .option('--hidden <sizes>', 'sizes of the LSTM', '64,256')
  .option('--bases <counts>', 'bases of an input, for each size', '8e6,2e6')
  .option('--rounds <count>', 'rounds', '5')
  .option('--threads <count>', 'threads', '2')
  .option('--batch <rows>', 'rows of a batch', '100')
  .option('--only <kinds>', 'kinds of inputs, separated by semicolons', Object.keys(kinds).join(';'))
  .parse()
const { other, hidden, bases, rounds, threads, batch, only } = program.opts()
const here = fileURLToPath(new URL('..', import.meta.url))
const builds = { 'this build': here, ...(other && { 'the other': resolve(other) }) }
const script = fileURLToPath(new URL('peers/xenogradInput.js', import.meta.url))

/** What each kind is compared with. */
const equals = {
  '75 to 250': 'all 250',
  'log-normal, median 5,000, up to 200,000': 'all 5,000',
  'one record': 'all 5,000',
}

const conditions = watchConditions()
const problemFor = problemFiles()
const sizes = hidden.split(',').map(Number)
const counts = bases.split(',').map(Number)
const rows = []
for (const [i, size] of sizes.entries()) {
  const count = counts[Math.min(i, counts.length - 1)]
  const entries = []
  for (const kind of only.split(';'))
    for (const [build, root] of Object.entries(builds)) {
      const work = {
        root,
        hidden: size,
        batch: Number(batch),
        kind,
        bases: count,
        problem: problemFor(size, steps),
      }
      const env = { XENOGRAD_THREADS: threads, XENOGRAD_BLAS: process.env.XENOGRAD_BLAS ?? 'off' }
      const participant = await Participant.start({ command: process.execPath, args: [script], env }, work)
      const total = [...lengthsOf(kind, count)].reduce((sum, length) => sum + length, 0)
      entries.push({ kind, build, participant, total, wall: [], cpu: [] })
    }
  // The first round warms up, unless there is only one.
  for (let round = Number(rounds) > 1 ? 0 : 1; round <= Number(rounds); round++)
    for (const entry of entries) {
      const { seconds, processorSeconds, value } = await entry.participant.ask('run 1')
      process.stderr.write(
        `H ${size}, round ${round}: ${entry.kind}, ${entry.build}: ${seconds.toFixed(2)} s, ${processorSeconds.toFixed(2)} s of processors, ${value}\n`,
      )
      if (round === 0) continue
      entry.wall.push(entry.total / seconds)
      entry.cpu.push(processorSeconds / entry.total)
    }
  for (const entry of entries) {
    const { kind, build, participant, wall, cpu } = entry
    const equal = entries.find(other => other.build === build && other.kind === equals[kind])
    const before = entries.find(other => other.build !== build && other.kind === kind)
    const ratioTo = reference => {
      if (!reference || reference === entry) return ''
      const { median, min, max } = summary(cpu.map((seconds, i) => reference.cpu[i] / seconds))
      return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`
    }
    const speed = summary(wall).median / 1e6
    const perBase = 1e9 * summary(cpu).median
    rows.push(
      `| ${size} | ${kind} | ${build} | ${speed.toPrecision(3)} | ${perBase.toPrecision(3)} | ${ratioTo(equal)} | ${build === 'this build' ? ratioTo(before) : ''} | ${Math.round(participant.peakMemory / 1e6)} |`,
    )
    participant.stop()
  }
}
const { date, machine, runtime, commit, load } = conditions()
console.log(`${date}, ${machine}, ${runtime}, commit ${commit}, load before ${load.toFixed(1)}, ${threads} threads, batch ${batch}

| hidden units | reads | build | Mb/s | processor time, ns/base | equal / mixed | the other / this | peak memory, MB |
| --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}`)
process.exit()
