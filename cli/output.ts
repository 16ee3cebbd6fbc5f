import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { openForChunks, writeChunks } from '../data/index.js'

/**
 * Writes a table as it comes: to standard output for `-`, at the pace of whoever reads it, else to a file, whole or
 * not at all (gzip if its name ends in `.gz`).
 * @throws what the rows throw; standard output then has the rows before.
 */
export async function writeTable(path: string, rows: AsyncIterable<string>): Promise<void> {
  if (path !== '-') return writeChunks(path, rows)
  for await (const text of rows) if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}

/** Writes a text as a whole: to standard output for `-`, else as `writeTable`. @throws Error when it cannot be written. */
export const writeText = (path: string, text: string): Promise<void> =>
  writeTable(
    path,
    (async function* () {
      yield text
    })(),
  )

/** A file that is written beside the table, piece by piece, whole or not at all. */
export type SideFile = {
  write(text: string | Uint8Array): Promise<void>
  /** Puts the file in place. @throws Error when it cannot be written. */
  commit(): Promise<void>
  /** Gives up: what was there stays. Does nothing after `commit()`. */
  abort(): Promise<void>
}

/** Opens a file to write beside the table; gzip if its name ends in `.gz`. @throws Error when it cannot be written. */
export async function openSideFile(path: string): Promise<SideFile> {
  const write = await openForChunks(path)
  const stream = new PassThrough()
  const written = write(stream)
  // Whoever writes next, or commits, is told.
  let failure: unknown
  written.catch(error => {
    failure = error
    stream.destroy()
  })
  return {
    async write(text) {
      if (failure) throw failure
      if (!stream.write(text)) await Promise.race([once(stream, 'drain'), written])
    },
    async commit() {
      stream.end()
      await written
    },
    async abort() {
      stream.destroy(new Error('given up'))
      await written.catch(() => {})
    },
  }
}
