import { Command } from 'commander'
import { environmentVariables } from '../engine/index.js'
import { version } from '../model/index.js'
import { checkOutputs } from './checkOutputs.js'
import { register as calibrate } from './commands/calibrate.js'
import { register as check } from './commands/check.js'
import { register as completion } from './commands/completion.js'
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
import { applyConfigFile } from './configFile.js'
import { exitCodes } from './failure.js'
import { isLed } from './processes.js'
import { protectInputs } from './protectInputs.js'

/** The environment variables that are ours, a line each. */
const variables = Object.entries(environmentVariables)
  .filter(([name]) => name.startsWith('XENOGRAD_'))
  .map(([name, meaning]) => `  ${name.padEnd(27)}${meaning}`)
  .join('\n')

const help = `
Exit codes: 0 done, 1 failure, 2 usage, 3 malformed input, 128 and the number of the signal when interrupted (130 SIGINT,
143 SIGTERM, 129 SIGHUP). Names of options may be written with dashes or underscores. Standard output is data only.

Environment variables (a flag of the same meaning takes precedence):
${variables}`

/**
 * The command line as commander has it: all commands with their options. What goes before each: options from a
 * configuration file before it parses its own, and checks of what it is asked to write before it works.
 */
export function xenogradProgram(): Command {
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
    completion,
  ])
    register(program)
  return program
    .hook('preSubcommand', (_, command) => applyConfigFile(command, program.args.slice(1)))
    .hook('preAction', async (_, command) => {
      if (isLed(command)) return
      protectInputs(command)
      await checkOutputs(command)
    })
}
