import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { openAtomic } from './atomic.js'

/**
 * Writes chunks to a file as they come, whole or not at all; gzip if the name ends in `.gz`.
 * @throws Error what the chunks throw, or writing does (see `openAtomic`); the old file is then still there.
 */
export async function writeChunks(path: string, chunks: AsyncIterable<Uint8Array | string>): Promise<void> {
  const file = await openAtomic(path)
  try {
    if (path.endsWith('.gz')) await pipeline(Readable.from(chunks), createGzip(), file)
    else await pipeline(Readable.from(chunks), file)
    await file.commit()
  } finally {
    await file.abort()
  }
}
