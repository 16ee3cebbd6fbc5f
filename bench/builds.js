// This checkout beside another one, both built: has a change made anything slower?
//
//   node bench/builds.js ../old [--only train,score,start,first] [--hidden 64,256] [--pairs 9] [--threads 2]
//
// For each size, medians over rounds in which each is measured once, in turn: training and scoring (seconds a step),
// process start to the end of the first training step, and that step alone, most of which is tracing and compiling.
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { xenograd } from './candidates.js'
import { checkLosses, compare, compareStarts, problemFiles, ratio } from './compare.js'
import { watchConditions } from './conditions.js'
import { Participant } from './participant.js'
import { batch, steps } from './problem.js'
import { summary } from './statistics.js'

const program = new Command('node bench/builds.js')
  .argument('<checkout>', 'the other checkout, built')
  .option('--only <kinds>', 'what is measured', 'train,score,start,first')
  .option('--hidden <sizes>', 'sizes of the LSTM', '64,256')
  .option('--pairs <count>', 'rounds', '9')
  .option('--threads <count>', 'threads', '2')
  .parse()
const { only, pairs, threads, hidden } = program.opts()
const here = fileURLToPath(new URL('..', import.meta.url))

/** A build in a checkout, as a team of `compare`: that checkout's script runs it. */
function build(title, root) {
  const candidate = xenograd('lstm', Number(threads))
  const script = join(root, 'bench/peers/xenograd.js')
  const program = { ...candidate.program, command: process.execPath, args: [script] }
  return { title, candidates: () => [{ ...candidate, program }] }
}
const teams = [build('this build', here), build('the other', resolve(program.args[0]))]
const settings = {
  threads: [Number(threads)],
  pairs: Number(pairs),
  problemFor: problemFiles(),
  log: line => process.stderr.write(`${line}\n`),
}

/** Seconds of the first step of fresh processes. */
async function compareFirstSteps(hidden) {
  const entries = teams.map(({ title, candidates }) => ({ title, candidate: candidates()[0], samples: [] }))
  const job = { work: 'train', hidden, batch, steps, problem: settings.problemFor(hidden, steps) }
  for (let round = 0; round < settings.pairs; round++)
    for (const { candidate, samples } of entries) {
      const participant = await Participant.start(candidate.program, { ...job, ...candidate.work })
      samples.push((await participant.ask('run 1')).seconds)
      participant.stop()
    }
  return entries.map(entry => ({ ...entry, seconds: summary(entry.samples) }))
}

const kinds = {
  train: {
    title: 'training step',
    measure: hidden => compare(teams, { ...settings, work: 'train', hidden }),
  },
  score: { title: 'scoring', measure: hidden => compare(teams, { ...settings, work: 'score', hidden }) },
  start: {
    title: 'process start to first step',
    measure: hidden => compareStarts(teams, { ...settings, hidden }),
  },
  first: {
    title: 'first step (trace, compile, run)',
    measure: async hidden => ({ entries: await compareFirstSteps(hidden), missing: [] }),
  },
}

const measured = only.split(',')
for (const kind of measured)
  if (!kinds[kind]) throw new Error(`--only ${kind}: there are ${Object.keys(kinds).join(', ')}`)

const conditions = watchConditions()
const rows = []
for (const size of hidden.split(',').map(Number)) {
  for (const kind of measured) {
    const { title, measure } = kinds[kind]
    const { entries, missing } = await measure(size)
    if (missing.length) throw new Error(`${missing[0].team}: ${missing[0].why}`)
    if (kind === 'train' || kind === 'score') checkLosses(entries)
    const [ours, other] = entries
    const { median, min, max } = ratio(ours, other)
    const digits = x => x.toFixed(3)
    rows.push(
      `| ${title} | ${size} | ${ours.seconds.median.toPrecision(3)} | ${other.seconds.median.toPrecision(3)} | ${digits(median)} | ${digits(min)} to ${digits(max)} |`,
    )
  }
}
const { date, machine, runtime, commit, load } = conditions()
console.log(`${date}, ${machine}, ${runtime}, commit ${commit}, load before ${load.toFixed(1)}

| work | hidden units | this, s | other, s | this / other | rounds |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}`)
process.exit()
