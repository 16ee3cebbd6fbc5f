/** What tests of readers have in common. */
import { Readable } from 'node:stream'
import type { Test } from 'tape'
import type { Source } from '../../data/formats/index.js'
import { InputError } from '../../data/io/inputError.js'
import { decode, type Read } from '../../data/read.js'
import { type ReadOptions, readReads } from '../../data/readReads.js'

/** All reads of a source. */
export async function collect(source: Source, options?: ReadOptions): Promise<Read[]> {
  const reads: Read[] = []
  for await (const read of readReads(source, options)) reads.push(read)
  return reads
}

/** Reads of bytes as a stream of chunks of the given size. */
export function readBytes(bytes: Uint8Array | string, chunkSize = 7, name = 'reads'): Promise<Read[]> {
  const all = Buffer.from(bytes)
  const chunks = function* () {
    for (let i = 0; i < all.length; i += chunkSize) yield all.subarray(i, i + chunkSize)
  }
  return collect(Readable.from(chunks()), { name })
}

/** Names and letters. */
export const lettersOf = (reads: Read[]): [name: string, letters: string][] =>
  reads.map(read => [read.name, decode(read.bases)])

/** The message of the InputError that something ends with, or what it did instead. */
export async function messageOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'no error'
  } catch (error) {
    return error instanceof InputError ? error.message : `not an InputError: ${error}`
  }
}

/** Each of some damaged sources, called `name`, ends with its message, however its bytes are cut into chunks. */
export async function checkDamage(
  t: Test,
  cases: readonly (readonly [source: Uint8Array | string, message: string | RegExp])[],
  name = 'reads',
): Promise<void> {
  for (const [bytes, expected] of cases)
    for (const chunkSize of [1, 1 << 16]) {
      const message = await messageOf(readBytes(bytes, chunkSize, name))
      if (typeof expected === 'string') t.equal(message, expected)
      else t.match(message, expected)
    }
}
