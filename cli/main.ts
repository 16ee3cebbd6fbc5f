#!/usr/bin/env node
import { Command } from 'commander'
import { register as check } from './commands/check.js'
import { register as convert } from './commands/convert.js'
import { register as evaluate } from './commands/evaluate.js'
import { register as info } from './commands/info.js'
import { register as score } from './commands/score.js'
import { register as train } from './commands/train.js'
import { describeFailure, exitCodeOf, exitCodes } from './failure.js'
import { dashedNames } from './options.js'
import { say } from './progress.js'
import { version } from './version.js'

const help = `
Exit codes: 0 done, 1 failure, 2 usage, 3 malformed input, 130 interrupted. Names of options may be written with dashes
or underscores. Standard output is data only. XENOGRAD_DEBUG=1 shows where an error comes from.`

// Whoever read our output has seen enough (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok)
  say(`xenograd: standard output: ${error.message}`)
  process.exit(exitCodes.failure)
})

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
for (const register of [train, score, evaluate, convert, info, check]) register(program)

try {
  await program.parseAsync(dashedNames(process.argv))
} catch (error) {
  const message = describeFailure(error)
  if (message) say(`xenograd: ${message}`)
  // Not before standard output has taken what it was given.
  process.stdout.write('', () => process.exit(exitCodeOf(error)))
}
