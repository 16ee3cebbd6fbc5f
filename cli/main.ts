#!/usr/bin/env node
/**
 * The command line, thin over model/, data/ and eval/. Each command is a file in commands/: it registers its options
 * with commander, and an action that works through what was asked. The files beside this one are what several commands
 * share, in the order in which a command needs them: how options are written (options), flags of a training's settings
 * (settingFlags) and trainings in processes (trainingProcesses), which device computes and what
 * it is opened with (deviceOptions, deviceFile), that no output replaces an input (protectInputs), models and detectors by
 * their paths (models), reads from files or a pipe (input), scores of them batch by batch and in order (scoring), counted
 * (tally), a table of them (scoreTable/) written somewhere (output), what an evaluation compares (modelScores, scoredSet,
<<<<<<< HEAD
 * fragmentTable) and shows (evaluationReport), progress and messages on stderr
 * (progress), also of a training (training), Ctrl-C and its like (interrupt), errors as a line and an exit code (failure), and which
=======
 * crossValidatedSums, fragmentTable) and shows (evaluationReport), progress and messages on stderr (progress), also of a training (training), Ctrl-C (interrupt), errors as a line and an exit code (failure), and which
>>>>>>> main
 * xenograd this is (version).
 */
import { Command } from 'commander'
import { environmentVariables } from '../engine/index.js'
import { register as calibrate } from './commands/calibrate.js'
import { register as check } from './commands/check.js'
import { register as convert } from './commands/convert.js'
import { register as evaluate } from './commands/evaluate.js'
import { register as fetchGenomes } from './commands/fetch.js'
import { register as fit } from './commands/fit.js'
import { register as info } from './commands/info.js'
import { register as sample } from './commands/sample.js'
import { register as score } from './commands/score.js'
import { register as train } from './commands/train.js'
import { register as trainClassifier } from './commands/trainClassifier.js'
import { register as tune } from './commands/tune.js'
import { describeFailure, exitCodeOf, exitCodes } from './failure.js'
import { dashedNames } from './options.js'
import { say } from './progress.js'
import { protectInputs } from './protectInputs.js'
import { version } from './version.js'

/** The environment variables that are ours, a line each. */
const variables = Object.entries(environmentVariables)
  .filter(([name]) => name.startsWith('XENOGRAD_'))
  .map(([name, meaning]) => `  ${name.padEnd(27)}${meaning}`)
  .join('\n')

const help = `
Exit codes: 0 done, 1 failure, 2 usage, 3 malformed input, 128 and the
number of the signal when interrupted (130 SIGINT, 143 SIGTERM, 129 SIGHUP). Names of options may be written with dashes or underscores. Standard output is data only.

Environment variables (a flag of the same meaning takes precedence):
${variables}`

// Whoever read our output has seen enough (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok)
  say(`xenograd: standard output: ${error.message}`)
  process.exit(exitCodes.failure)
})

// A terminal that is gone hears nothing; the work, or its checkpoint, goes on.
process.stderr.on('error', () => {})

/** Ends with a message and an exit code, as soon as standard output has taken what it was given. */
function fail(error: unknown): void {
  const message = describeFailure(error)
  if (message) say(`xenograd: ${message}`)
  process.stdout.write('', () => process.exit(exitCodeOf(error)))
}

// Nobody waited for it; it is an error like any other.
process.on('uncaughtException', fail)

const program = new Command('xenograd')
  .description('Tells reads of unknown bacteria from reads of known ones by a likelihood ratio.')
  .option('-V, --version', 'print the version and the commit')
  .on('option:version', () => {
    process.stdout.write(`${version()}\n`)
    process.exit(exitCodes.ok)
  })
  .addHelpText('after', help)
  .exitOverride()
  .configureOutput({ outputError() {} })
for (const register of [
  train,
  tune,
  trainClassifier,
  fit,
  calibrate,
  score,
  evaluate,
  sample,
  fetchGenomes,
  convert,
  info,
  check,
])
  register(program)
program.hook('preAction', (_, command) => protectInputs(command))

try {
  await program.parseAsync(dashedNames(process.argv))
} catch (error) {
  fail(error)
}
