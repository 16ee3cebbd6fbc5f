/**
 * Tries whatever reads files with inputs that are nearly right, and the command line with arguments of any kind:
 *
 *     node dist/test/fuzz/run.js [--runs 100000] [--commands 1000] [--seed N] [--target NAME]
 *
 * A seed repeats a campaign. What it finds is printed, and the input written to the working directory; it belongs into
 * `corpus/`, called TARGET.WHAT.bin, where `fuzz.test` tries it for ever. The files, in the order of what happens: `run` and
 * `fuzz.test` begin a `campaign`, which draws `mutation`s for each of the `targets` (`readTargets`, `modelTargets`,
 * `detectorTargets`, `tableTargets`); they have the changed files read, and compare with plain parsers (`reference`) or what was written;
 * `verdict` says what errors may look like. `commandLine` runs processes.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { targets, tryTarget } from './campaign.js'
import { tryCommands } from './commandLine.js'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    commands: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    target: { type: 'string' },
  },
})
const seed = Number(values.seed)
const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target)
const runs = Math.ceil(Number(values.runs) / chosen.length)
const print = (line: string) => process.stdout.write(`${line}\n`)

print(`seed ${seed}, ${runs} inputs for each of ${chosen.length} targets, ${values.commands} command lines`)
let findings = 0
for (const target of chosen) {
  const began = performance.now()
  const finding = await tryTarget(target, runs, seed)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  print(`${finding ? 'FOUND' : 'ok   '} ${target.name} (${seconds} s)`)
  if (!finding) continue
  findings++
  const file = `${target.name}.${seed}.bin`
  writeFileSync(file, finding.input)
  print(`${finding.error}\n  the input is in ${file}`)
}
if (Number(values.commands) > 0) {
  const began = performance.now()
  const found = await tryCommands(Number(values.commands), seed)
  print(`${found ? 'FOUND' : 'ok   '} command line (${((performance.now() - began) / 1000).toFixed(1)} s)`)
  if (found) print(found)
  findings += found ? 1 : 0
}
print(findings ? `${findings} targets with findings` : 'nothing found')
process.exit(findings ? 1 : 0)
