import { createReadStream, existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import {
  EmptyInputError,
  InputError,
  type Read,
  type ReadOptions,
  readReads,
  readStretch,
  type SeekableFile,
  type Shard,
  stretchesOf,
} from '../data/index.js'
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
  /** Read only this shard of the files. */
  readonly shard?: Shard | undefined
  /** Told the message for a file without reads, which then counts as a sample that gave none; without it, it is an error. */
  readonly onEmpty?: (message: string) => void
}

/** Opens files (`-`: standard input). @throws InputError for a shard of what can only be read as a whole. */
export async function openFiles(
  paths: readonly string[],
  { onEmpty, shard, ...options }: InputOptions = {},
): Promise<InputFiles> {
  const sizes = await Promise.all(paths.map(plainFileSize))
  let bytesRead = 0
  async function* counted(path: string, start = 0, end?: number): AsyncGenerator<Uint8Array> {
    if (start === end) return
    const range = { start, ...(end !== undefined && { end: end - 1 }) } // Node's `end` is the last byte
    const stream = createReadStream(path, { ...range, highWaterMark: 1 << 15, signal: interrupted })
    for await (const chunk of stream) {
      bytesRead += chunk.length
      yield chunk
    }
  }
  const files = shard && seekableFiles(paths, sizes, counted)
  const stretches = files && (await stretchesOf(files, shard))
  function readsOf(index: number): AsyncIterable<Read> {
    const path = paths[index]
    const stretch = stretches?.[index]
    if (files && stretch) return readStretch(files[index], stretch, options)
    // What is no plain file (a pipe, a folder, nothing) the reader opens itself, and says so if it cannot.
    const source = sizes[index] === undefined ? path : counted(path)
    return readReads(source, path === '-' ? options : { ...options, name: path })
  }
  async function* reads(index: number): AsyncGenerator<Read> {
    if (stretches && !stretches[index]) return
    try {
      yield* readsOf(index)
    } catch (error) {
      if (!onEmpty || !(error instanceof EmptyInputError)) throw error
      onEmpty(error.message)
    }
  }
  const extents = stretches
    ? stretches.map((stretch = { start: 0, end: 0 }) => stretch.end - stretch.start)
    : sizes
  return {
    names: paths.map(path => (path === '-' ? 'stdin' : path)),
    reads,
    totalBytes: extents.every(size => size !== undefined)
      ? extents.reduce((sum, size) => sum + size, 0)
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

/** Files to read from any byte on. @throws InputError for what is no plain file: it can only be read from its beginning. */
function seekableFiles(
  paths: readonly string[],
  sizes: readonly (number | undefined)[],
  bytes: (path: string, from: number, to?: number) => AsyncIterable<Uint8Array>,
): SeekableFile[] {
  return paths.map((path, i) => {
    const size = sizes[i]
    if (size === undefined && path !== '-' && !existsSync(path)) throw new InputError(`${path}: no such file`)
    if (size === undefined)
      throw new InputError(
        `${path === '-' ? 'stdin' : path}: is no file that can be read in shards; a pipe or stream can only be read from its beginning`,
      )
    return { name: path, size, bytes: (from, to) => bytes(path, from, to) }
  })
}

/** Bytes of a plain file; undefined for pipes, folders and what is not there. */
async function plainFileSize(path: string): Promise<number | undefined> {
  if (path === '-') return undefined
  const info = await stat(path).catch(() => undefined)
  return info?.isFile() ? info.size : undefined
}
