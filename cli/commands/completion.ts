import { Argument, type Command } from 'commander'
import { completionScript, type Shell, shells } from '../completion.js'
import { choice, text } from '../schema.js'
import { print, type SummaryFlags, summarised } from '../summary.js'

const help = `
For the running shell:
  bash   source <(xenograd completion bash)
  zsh    source <(xenograd completion zsh)
  fish   xenograd completion fish | source
The script says where to put it for all later ones.`

const summary = { shell: choice(shells, 'whose script'), script: text('the script') }

/** `xenograd completion`: what a shell needs to complete commands and options. */
export function register(program: Command): void {
  const command = program
    .command('completion')
    .description('print a script with which a shell completes commands and options')
    .addArgument(new Argument('<shell>', 'whose script').choices(shells))
    .addHelpText('after', help)
  summarised(command, summary, async (shell: Shell, flags: SummaryFlags) => {
    const script = completionScript(program, shell)
    print(flags, script)
    return { shell, script }
  })
}
