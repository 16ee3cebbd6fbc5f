import { xenogradProgram } from '../../cli/program.js'

/** An option, or an argument, of a command, as it is declared. */
export type Declared = {
  readonly command: string
  /** `--output`; of an argument its name. */
  readonly option: string
  readonly flags: string
  readonly description: string
}

/** All options and arguments of all commands, and which of them name a file or a folder to write. */
export function declaredPaths(): { options: Declared[]; outputs: Declared[]; outputFolders: Declared[] } {
  const options = xenogradProgram().commands.flatMap(command =>
    [
      ...command.options.map(({ long, flags, description }) => ({
        option: long ?? flags,
        flags,
        description,
      })),
      ...command.registeredArguments.map(argument => ({
        option: argument.name(),
        flags: `<${argument.name()}>`,
        description: argument.description,
      })),
    ].map(declared => ({ command: command.name(), ...declared })),
  )
  return {
    options,
    outputs: options.filter(({ flags }) => flags.includes('<out>')),
    outputFolders: options.filter(({ flags }) => flags.includes('<out-folder>')),
  }
}

/** Arguments in which an output has another path: an option is added, an argument takes the place of `new`. */
export const withOutput = (given: readonly string[], option: string, path: string): string[] =>
  option.startsWith('--') ? [...given, option, path] : given.map(word => (word === 'new' ? path : word))

/** What is given to a command besides its options for what is wrong with them to be found; `new` stands for an output. */
export const required: Readonly<Record<string, readonly string[]>> = {
  calibrate: ['-o', 'new'],
  fit: ['-o', 'new'],
  fetch: ['--email', 'me@example.org', '-o', 'new'],
  convert: ['in', 'new'],
  sample: ['in', 'new'],
  info: ['in'],
  completion: ['bash'],
}
