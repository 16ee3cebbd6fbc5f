import { encoderFor } from './formats/index.js'
import { writeChunks } from './io/writeChunks.js'
import type { Read } from './read.js'

/**
 * Writes reads to a file, whole or not at all: as TFRecord in the reference's format if the name contains
 * `.tfrecord`, as FASTQ if it ends in `.fq` or `.fastq` (reads must have their text), else as FASTA; gzip if it ends in `.gz`. `readReads` gives them back, names, labels and genera included
 * (in TFRecord the genus is what the name has before its first `|`).
 * @returns their number.
 * @throws RangeError when a read for a TFRecord has an unknown base; InputError when one for FASTQ has no qualities; Error when the file cannot be written. What was
 * there before then stays.
 */
export async function writeReads(path: string, reads: Iterable<Read> | AsyncIterable<Read>): Promise<number> {
  const encode = await encoderFor(path)
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
