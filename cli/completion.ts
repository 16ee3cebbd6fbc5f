import type { Command, Option } from 'commander'

/** The shells that a script can be made for. */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** The script with which a shell completes the commands and the options of a program, made from commander's tree. */
export function completionScript(program: Command, shell: Shell): string {
  const commands = program.commands.map(describeCommand)
  return { bash, zsh, fish }[shell](program.name(), commands)
}

type Described = { readonly name: string; readonly summary: string; readonly options: readonly Completion[] }

/** What a shell has to know of an option. */
type Completion = {
  /** `--output`, and `-o` if there is that. */
  readonly names: readonly string[]
  readonly meaning: string
  readonly takesValue: boolean
  /** The values to choose from; others are completed as files. */
  readonly choices: readonly string[]
}

const describeCommand = (command: Command): Described => ({
  name: command.name(),
  summary: command.summary() || command.description(),
  options: command.createHelp().visibleOptions(command).map(describeOption),
})

const describeOption = ({ long, short, description, required, argChoices }: Option): Completion => ({
  names: [long, short].filter(name => name !== undefined),
  meaning: description.split(/[:;(]/)[0].trim(),
  takesValue: required,
  choices: argChoices ?? [],
})

/** A text in single quotes, for all three shells; what would end them is left out. */
const quoted = (text: string): string => `'${text.replace(/['\\]/g, '')}'`

function bash(program: string, commands: readonly Described[]): string {
  const words = (list: readonly string[]) => quoted(list.join(' '))
  const choices = commands.flatMap(({ name, options }) =>
    options
      .filter(({ choices }) => choices.length)
      .map(({ names, choices }) => {
        const patterns = names.map(option => quoted(`${name} ${option}`)).join('|')
        return `    ${patterns}) COMPREPLY=($(compgen -W ${words(choices)} -- "$word")); return ;;`
      }),
  )
  const options = commands.map(
    ({ name, options }) => `    ${name}) options=${words(options.flatMap(({ names }) => names))} ;;`,
  )
  return `# ${program}: completion for bash. Put it where bash-completion looks, or: source <(${program} completion bash)
_${program}() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} options=
  # bash takes --name=value for three words
  if [ "$word" = = ]; then word=; elif [ "$before" = = ]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${words(commands.map(({ name }) => name))} -- "$word"))
    return
  fi
  case "$command $before" in
${choices.join('\n')}
  esac
  case "$word" in -*) ;; *) return ;; esac
  case "$command" in
${options.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$options" -- "$word"))
}
complete -o default -F _${program} ${program}
`
}

function zsh(program: string, commands: readonly Described[]): string {
  // What has a meaning of its own in the arguments of _arguments and _describe.
  const plain = (text: string) => text.replace(/[[\]:]/g, '')
  const option = ({ names, meaning, takesValue, choices }: Completion) => {
    const value = choices.length ? `:value:(${choices.join(' ')})` : ':value:_files'
    return names.map(
      name =>
        `      ${quoted(`*${name}${takesValue && name.startsWith('--') ? '=' : ''}[${plain(meaning)}]${takesValue ? value : ''}`)}`,
    )
  }
  const cases = commands.map(({ name, options }) =>
    [
      `    ${name}) _arguments \\`,
      ...options.flatMap(option).map(line => `${line} \\`),
      "      '*:file:_files' ;;",
    ].join('\n'),
  )
  return `#compdef ${program}
# ${program}: completion for zsh. Put it as _${program} into a folder of $fpath, or: source <(${program} completion zsh)
_${program}() {
  local -a commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${plain(summary)}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _${program} ]; then _${program} "$@"; else compdef _${program} ${program}; fi
`
}

function fish(program: string, commands: readonly Described[]): string {
  const lines = commands.flatMap(({ name, summary, options }) => [
    `complete -c ${program} -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
    ...options.map(({ names, meaning, takesValue, choices }) =>
      [
        `complete -c ${program} -n '__fish_seen_subcommand_from ${name}'`,
        ...names.map(option => (option.startsWith('--') ? `-l ${option.slice(2)}` : `-s ${option.slice(1)}`)),
        ...(takesValue ? ['-r'] : []),
        ...(choices.length ? ['-f', `-a ${quoted(choices.join(' '))}`] : []),
        `-d ${quoted(meaning)}`,
      ].join(' '),
    ),
  ])
  return `# ${program}: completion for fish. Put it into ~/.config/fish/completions/${program}.fish\n${lines.join('\n')}\n`
}
