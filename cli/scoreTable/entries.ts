import { InputError, type Read } from '../../data/index.js'
import { UsageError } from '../failure.js'
import type { InputFiles } from '../input.js'

/** What becomes a row of the table of scores: a read, or both mates of a pair. */
export type Entry = {
  readonly name: string
  /** The file that it is from: of a pair, that of the first mate. */
  readonly file: string
  readonly reads: readonly [Read] | readonly [Read, Read]
}

/** Every read of some files, in their order. */
export async function* singleEntries(files: InputFiles): AsyncGenerator<Entry> {
  for (const [i, file] of files.names.entries())
    for await (const read of files.reads(i)) yield { name: read.name, file, reads: [read] }
}

/**
 * Pairs of mates, in their order. One file has them in turn (interleaved); of several, the first two belong together, the
 * next two, and so on.
 * @throws UsageError for an odd number of files but one; InputError (the generator) for mates that have other names, but
 * for /1 and /2 at their ends, and for a mate that is missing.
 */
export function pairedEntries(files: InputFiles): AsyncGenerator<Entry> {
  const { names } = files
  if (names.length > 1 && names.length % 2 === 1)
    throw new UsageError(
      `paired reads: got ${names.length} files; give two for each sample (R1 R2), or one with both mates in turn`,
    )
  return names.length === 1 ? interleaved(files) : sideBySide(files)
}

async function* interleaved({ names: [file], reads }: InputFiles): AsyncGenerator<Entry> {
  let first: Read | undefined
  for await (const read of reads(0)) {
    if (first) {
      yield pairOf(first, read, file, file)
      first = undefined
    } else first = read
  }
  if (first) throw new InputError(`${file}: read ${first.name} at its end has no mate`)
}

async function* sideBySide({ names, reads }: InputFiles): AsyncGenerator<Entry> {
  for (let i = 0; i < names.length; i += 2) {
    const seconds = reads(i + 1)[Symbol.asyncIterator]()
    try {
      for await (const first of reads(i)) {
        const { value: second, done } = await seconds.next()
        if (done)
          throw new InputError(`${names[i + 1]}: ends before the mate of read ${first.name} of ${names[i]}`)
        yield pairOf(first, second, names[i], names[i + 1])
      }
      const { value: extra, done } = await seconds.next()
      if (!done)
        throw new InputError(`${names[i]}: ends before the mate of read ${extra.name} of ${names[i + 1]}`)
    } finally {
      await seconds.return?.()
    }
  }
}

/** The name that both mates of a pair have: without /1 and /2. */
const stemOf = ({ name }: Read): string => name.replace(/\/[12]$/, '')

function pairOf(first: Read, second: Read, file: string, fileOfSecond: string): Entry {
  const name = stemOf(first)
  if (stemOf(second) !== name)
    throw new InputError(
      `${fileOfSecond}: read ${second.name} stands where the mate of read ${first.name} of ${file} is expected; give files with mates in one order`,
    )
  return { name, file, reads: [first, second] }
}
