import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type Read, readReads } from '../data/index.js'
import { UsageError } from './failure.js'
import { interrupted } from './interrupt.js'

/** Reads of one or several files, in their order, and how far in them we are. */
export type Input = {
  readonly reads: AsyncIterable<Read>
  /** Bytes of all files as they lie on the disk; undefined if one of them is no plain file. */
  readonly totalBytes: number | undefined
  bytesRead(): number
}

/** The files to read: those given, or standard input. @throws UsageError instead of waiting for a person to type. */
export function inputPaths(given: readonly string[]): readonly string[] {
  const paths = given.length ? given : ['-']
  if (paths.includes('-') && process.stdin.isTTY)
    throw new UsageError('standard input is a terminal: name files of reads, or pipe reads in (see --help)')
  return paths
}

/**
 * Opens files (`-`: standard input) as one stream of reads; `limit`: take that many reads at most. The stream throws an
 * InputError for a file that cannot be read, or a damaged read.
 */
export async function openInput(paths: readonly string[], limit = Number.POSITIVE_INFINITY): Promise<Input> {
  const sizes = await Promise.all(paths.map(plainFileSize))
  let bytesRead = 0
  async function* counted(path: string): AsyncGenerator<Uint8Array> {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 15, signal: interrupted })) {
      bytesRead += chunk.length
      yield chunk
    }
  }
  async function* reads(): AsyncGenerator<Read> {
    let remaining = limit
    for (const [i, path] of paths.entries()) {
      // What is no plain file (a pipe, a folder, nothing) the reader opens itself, and says so if it cannot.
      const source = sizes[i] === undefined ? path : counted(path)
      for await (const read of readReads(source, path === '-' ? {} : { name: path })) {
        yield read
        if (--remaining <= 0) return
      }
    }
  }
  const isTotalKnown = limit === Number.POSITIVE_INFINITY && sizes.every(size => size !== undefined)
  return {
    reads: reads(),
    totalBytes: isTotalKnown ? sizes.reduce((sum, size) => sum + size, 0) : undefined,
    bytesRead: () => bytesRead,
  }
}

/** Bytes of a plain file; undefined for pipes, folders and what is not there. */
async function plainFileSize(path: string): Promise<number | undefined> {
  if (path === '-') return undefined
  const info = await stat(path).catch(() => undefined)
  return info?.isFile() ? info.size : undefined
}
