import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { EmptyInputError, type Read, type ReadOptions, readReads } from '../data/index.js'
import { UsageError } from './failure.js'
import { interrupted } from './interrupt.js'

/** How far we are in several files. */
export type Extent = {
  /** Bytes of all files as they lie on the disk; undefined if one of them is no plain file. */
  readonly totalBytes: number | undefined
  bytesRead(): number
}

/** Reads of one or several files, in their order, and how far in them we are. */
export type Input = Extent & { readonly reads: AsyncIterable<Read> }

/** The files to read: those given, or standard input. @throws UsageError instead of waiting for a person to type. */
export function inputPaths(given: readonly string[]): readonly string[] {
  const paths = given.length ? given : ['-']
  if (paths.includes('-') && process.stdin.isTTY)
    throw new UsageError('standard input is a terminal: name files of reads, or pipe reads in (see --help)')
  return paths
}

/** Several files that can be read, each once. */
export type InputFiles = Extent & {
  /** Their paths; `stdin` for standard input. */
  readonly names: readonly string[]
  /** The reads of the file with this index. Throws an InputError for a file that cannot be read, or a damaged read. */
  reads(index: number): AsyncIterable<Read>
}

export type InputOptions = Omit<ReadOptions, 'name'> & {
  /** Told the message for a file without reads, which then counts as a sample that gave none; without it, it is an error. */
  readonly onEmpty?: (message: string) => void
}

/** Opens files (`-`: standard input). */
export async function openFiles(
  paths: readonly string[],
  { onEmpty, ...options }: InputOptions = {},
): Promise<InputFiles> {
  const sizes = await Promise.all(paths.map(plainFileSize))
  let bytesRead = 0
  async function* counted(path: string): AsyncGenerator<Uint8Array> {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 15, signal: interrupted })) {
      bytesRead += chunk.length
      yield chunk
    }
  }
  async function* reads(index: number): AsyncGenerator<Read> {
    const path = paths[index]
    // What is no plain file (a pipe, a folder, nothing) the reader opens itself, and says so if it cannot.
    const source = sizes[index] === undefined ? path : counted(path)
    try {
      yield* readReads(source, path === '-' ? options : { ...options, name: path })
    } catch (error) {
      if (!onEmpty || !(error instanceof EmptyInputError)) throw error
      onEmpty(error.message)
    }
  }
  return {
    names: paths.map(path => (path === '-' ? 'stdin' : path)),
    reads,
    totalBytes: sizes.every(size => size !== undefined)
      ? sizes.reduce((sum, size) => sum + size, 0)
      : undefined,
    bytesRead: () => bytesRead,
  }
}

/**
 * Opens files (`-`: standard input) as one stream of reads; `limit`: take that many reads at most. The stream throws an
 * InputError for a file that cannot be read, or a damaged read.
 */
export async function openInput(paths: readonly string[], limit = Number.POSITIVE_INFINITY): Promise<Input> {
  const files = await openFiles(paths)
  async function* reads(): AsyncGenerator<Read> {
    let remaining = limit
    for (const i of paths.keys())
      for await (const read of files.reads(i)) {
        yield read
        if (--remaining <= 0) return
      }
  }
  const isTotalKnown = limit === Number.POSITIVE_INFINITY
  return { ...files, reads: reads(), totalBytes: isTotalKnown ? files.totalBytes : undefined }
}

/** Bytes of a plain file; undefined for pipes, folders and what is not there. */
async function plainFileSize(path: string): Promise<number | undefined> {
  if (path === '-') return undefined
  const info = await stat(path).catch(() => undefined)
  return info?.isFile() ? info.size : undefined
}
