// What a detector that remembers genomes (genusOdds, genusLeads) costs: making what reads are looked up in, and scoring.
//
//   node bench/genomeMemory.js DETECTOR [--other ../old] [--fragments 400] [--length 5000] [--reads FASTA] [--rounds 3]
//
// Processor time, which other work on the machine changes least, of each build in a process of its own, in turn; the least
// of the rounds. The builds must give the same scores to the bit.
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'

const program = new Command('node bench/genomeMemory.js')
  .argument('<detector>', 'a file with genusOdds or genusLeads')
  .option('--other <checkout>', 'another checkout, built, beside this one')
  .option('--fragments <count>', 'random fragments that are scored', '400')
  .option('--length <bases>', 'their length', '5000')
  .option('--reads <file>', 'score these reads instead')
  .option('--rounds <count>', 'rounds', '3')
  .parse()
const { other, fragments, length, reads, rounds } = program.opts()
const [detector] = program.args
const here = fileURLToPath(new URL('..', import.meta.url))
const worker = fileURLToPath(new URL('genomeMemoryWork.js', import.meta.url))

const builds = { 'this build': here, ...(other && { 'the other': resolve(other) }) }
const measured = Object.fromEntries(Object.keys(builds).map(name => [name, []]))
for (let round = 0; round < Number(rounds); round++)
  for (const [name, folder] of Object.entries(builds)) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [worker, folder, resolve(detector), fragments, length, ...(reads ? [resolve(reads)] : [])],
      { encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(stderr)
    measured[name].push(JSON.parse(stdout))
  }
const least = (runs, of) => Math.min(...runs.map(of))
for (const [name, runs] of Object.entries(measured))
  console.log(
    [
      name,
      `first fragment ${least(runs, run => run.prepare).toFixed(1)} s of the processor`,
      `a megabase ${least(runs, run => run.score / (run.bases / 1e6)).toFixed(2)} s`,
      `at most ${least(runs, run => run.peak / 1e6).toFixed(0)} MB`,
    ].join('\t'),
  )
const scores = new Set(Object.values(measured).flatMap(runs => runs.map(run => run.scores)))
if (scores.size > 1) throw new Error('the scores differ')
