/**
 * Bad input: a missing, damaged or foreign file. The message names the file, the place in it (line, byte offset or
 * record) and, where there is one, the read. The command line ends with exit code 3 on it.
 */
export class InputError extends Error {
  override readonly name = 'InputError'
}
