#!/usr/bin/env node
/**
 * The command line, thin over model/, data/ and eval/. Each command is a file in commands/: it registers its options
 * with commander, and an action that works through what was asked and returns a summary of it; `program` has them all.
 * The other files are what several commands share, in the order in which a command needs them: how options are written
 * (options), options from a file (configFile), flags of a training's settings (settingFlags) and trainings in processes
 * (trainingProcesses, eachGenus), which device computes and what it is opened with (deviceOptions, deviceFile), that no
 * output replaces an input (protectInputs) and every output can be written (checkOutputs), models and detectors by their
 * paths (models), reads from files or a pipe (input), scores of them batch by batch and in order (scoring), counted
 * (tally), a table of them (scoreTable/) written somewhere (output), what an evaluation compares (evaluationSource,
 * modelScores, scoredSet, crossValidatedSums, fragmentTable) and shows (evaluationReport), whether a cell is right and
 * fast (cellCheck), what was done for programs (summary, described by a schema; multiqc), progress and messages on stderr
 * (progress), also of a training (training), which several processes may do together (processes), Ctrl-C and its like
 * (interrupt), errors as a line and an exit code (failure), and what a shell completes (completion). The manual page
 * (manPage) is written when the package is made (documents).
 */
import { describeFailure, exitCodeOf, exitCodes } from './failure.js'
import { dashedNames } from './options.js'
import { failTogether } from './processes.js'
import { xenogradProgram } from './program.js'
import { say } from './progress.js'

// Whoever read our output has seen enough (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok)
  say(`xenograd: standard output: ${error.message}`)
  process.exit(exitCodes.failure)
})

/** Ends with a message and an exit code, as soon as standard output has taken what it was given. */
function fail(error: unknown): void {
  const message = describeFailure(error)
  if (message) say(`xenograd: ${message}`)
  process.stdout.write('', () => process.exit(exitCodeOf(error)))
}

// Nobody waited for it; it is an error like any other.
process.on('uncaughtException', fail)

try {
  await xenogradProgram().parseAsync(dashedNames(process.argv))
} catch (error) {
  await failTogether(error, process.argv[2]).catch(fail)
}
