import type { Argument, Command, Option } from 'commander'

/**
 * The manual page of a program, in the macros of man(7), made of what its `--help` and that of its commands are made of.
 * `version`: of the program, and `date`: of the page (2026-11-28), for the footer.
 */
export function manPage(program: Command, version: string, date: string): string {
  const name = program.name()
  const sections = [
    `.TH ${name.toUpperCase()} 1 "${date}" "${escaped(`${name} ${version}`)}" "User Commands"`,
    '.SH NAME',
    `${name} \\- ${escaped(sentenceAsPhrase(program.description()))}`,
    '.SH SYNOPSIS',
    `.B ${name}`,
    '.I command',
    `[\\fIoptions\\fR]`,
    '.SH OPTIONS',
    ...optionEntries(program),
    '.SH COMMANDS',
    ...program.commands.flatMap(commandSection),
    '.SH NOTES',
    ...prose(textAfterHelp(program)).slice(1), // a section begins with a paragraph
  ]
  return `${sections.join('\n')}\n`
}

function commandSection(command: Command): string[] {
  const described = command.registeredArguments.filter(({ description }) => description)
  return [
    `.SS ${escaped(command.name())}`,
    `\\fB${escaped(`${command.parent?.name()} ${command.name()}`)}\\fR ${escaped(command.usage())}`,
    '.PP',
    line(asSentence(command.description())),
    ...described.flatMap(argumentEntry),
    ...optionEntries(command),
    ...prose(textAfterHelp(command)),
  ]
}

const argumentEntry = (argument: Argument): string[] => entry(`\\fI${escaped(argument.name())}\\fR`, argument)

const optionEntries = (command: Command): string[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .flatMap(option => entry(`\\fB${escaped(option.flags)}\\fR`, option))

/** A term and what it means, with the values to choose from and the default. */
function entry(
  term: string,
  { description, argChoices, defaultValue, defaultValueDescription }: Argument | Option,
) {
  const byDefault =
    defaultValueDescription ?? (defaultValue === undefined ? undefined : JSON.stringify(defaultValue))
  const facts = [
    ...(argChoices ? [`one of ${argChoices.join(', ')}`] : []),
    ...(byDefault === undefined || defaultValue === false ? [] : [`default: ${byDefault}`]),
  ]
  return ['.TP', term, line(`${description}${facts.length ? ` (${facts.join('; ')})` : ''}`)]
}

/** What a command's help says after its options. */
function textAfterHelp(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: piece => {
      text += piece
    },
  })
  command.outputHelp()
  return text.replace(command.helpInformation(), '')
}

/** Text as in a help: paragraphs are filled, indented lines stay as they are. */
const prose = (text: string): string[] =>
  text
    .trim()
    .split(/\n\n+/)
    .filter(block => block !== '')
    .flatMap(block => ['.PP', ...filled(block.split('\n'))])

function filled(lines: readonly string[]): string[] {
  const isIndented = (i: number) => lines[i]?.startsWith(' ') ?? false
  const all = lines.flatMap((text, i) => {
    const change = isIndented(i) === isIndented(i - 1) ? [] : [isIndented(i) ? '.nf' : '.fi']
    return [...change, line(text)]
  })
  return isIndented(lines.length - 1) ? [...all, '.fi'] : all
}

const asSentence = (text: string): string =>
  `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`

const sentenceAsPhrase = (text: string): string =>
  `${text[0].toLowerCase()}${text.slice(1)}`.replace(/\.$/, '')

/** A line of text: what would be taken for a request is not. */
const line = (text: string): string => escaped(text).replace(/^(?=[.'])/, '\\&')

/** Text without what has a meaning of its own. */
const escaped = (text: string): string => text.replaceAll('\\', '\\e').replaceAll('-', '\\-')
