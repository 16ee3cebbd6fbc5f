import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { openAtomic } from './atomic.js'

/**
 * Writes chunks to a file as they come, whole or not at all; gzip if the name ends in `.gz`.
 * @throws Error what the chunks throw, or writing does (see `openAtomic`); the old file is then still there.
 */
export const writeChunks = async (path: string, chunks: Chunks): Promise<void> =>
  (await openForChunks(path))(chunks)

type Chunks = AsyncIterable<Uint8Array | string>

/**
 * Opens a file for `writeChunks`, long before there are chunks.
 * @returns what writes them, to be called once.
 * @throws Error when it cannot be written.
 */
export async function openForChunks(path: string): Promise<(chunks: Chunks) => Promise<void>> {
  const file = await openAtomic(path)
  return async chunks => {
    try {
      if (path.endsWith('.gz')) await pipeline(Readable.from(chunks), createGzip(), file)
      else await pipeline(Readable.from(chunks), file)
      await file.commit()
    } finally {
      await file.abort()
    }
  }
}
