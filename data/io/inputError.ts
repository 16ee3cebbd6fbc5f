/// <reference types="node" preserve="true" />
import { quoting } from './printable.js'

/**
 * Bad input: a missing, damaged or foreign file. The message names the file, the place in it (line, byte offset or
 * record) and, where there is one, the read. The command line ends with exit code 3 on it.
 */
export class InputError extends Error {
  override readonly name = 'InputError'

  /** `message`: may quote the input as it is; see `quoting`. */
  constructor(message: string, options?: ErrorOptions) {
    super(quoting(message), options)
  }
}

/** A source without a single read, as a sample has that gave none: its user decides whether that is a mistake. */
export class EmptyInputError extends InputError {}

/**
 * What to do when a file or folder cannot be read: `await readdir(path).catch(unreadable(path, 'folder'))`.
 * @throws InputError always, saying that there is no such `kind` where that is the reason.
 */
export const unreadable =
  (path: string, kind: string) =>
  (error: NodeJS.ErrnoException): never => {
    throw new InputError(`${path}: ${error.code === 'ENOENT' ? `no such ${kind}` : error.message}`)
  }
