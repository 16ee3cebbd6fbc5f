import { basename } from 'node:path'
import { encoderOf } from './formats/index.js'
import { writeChunks } from './io/writeChunks.js'
import type { Read } from './read.js'

/**
 * Writes reads to a file, whole or not at all: as TFRecord in the reference's format if the name contains
 * `.tfrecord`, else as FASTA; gzip if it ends in `.gz`. `readReads` gives them back, names, labels and genera included
 * (in TFRecord the genus is what the name has before its first `|`).
 * @returns their number.
 * @throws RangeError when a read for a TFRecord has an unknown base; Error when the file cannot be written. What was
 * there before then stays.
 */
export async function writeReads(path: string, reads: Iterable<Read> | AsyncIterable<Read>): Promise<number> {
  const encode = await encoderOf(basename(path).includes('.tfrecord') ? 'tfrecord' : 'fasta')
  let count = 0
  async function* encoded(): AsyncGenerator<Uint8Array | string> {
    for await (const read of reads) {
      count++
      yield encode(read)
    }
  }
  await writeChunks(path, encoded())
  return count
}
