import { blocks, findBlock } from './bgzip.js'
import type { RecordStart } from './recordStart.js'
import type { SeekableFile } from './seekableFile.js'

/**
 * A place in a file: in a plain one the byte `offset`, `within` being 0; in one of bgzip the byte `within` what is unpacked
 * of the block at `offset` (a virtual offset of htslib).
 */
export type Position = { readonly offset: number; readonly within: number }

/** How the bytes of a file lie in it: as they are, or in blocks of bgzip. */
export type Layout = {
  /** Where the first record begins from the byte `from` of the file on, or after it; the end of the file if none does. */
  find(from: number, recordStart: RecordStart): Promise<Position>
  /** The bytes between two such places. */
  between(start: Position, end: Position): AsyncIterable<Uint8Array>
}

/** The later of two places. */
export const later = (a: Position, b: Position): Position =>
  a.offset > b.offset || (a.offset === b.offset && a.within > b.within) ? a : b

/** The layout of a file of plain bytes. */
export const plainLayout = (file: SeekableFile): Layout => ({
  async find(from, recordStart) {
    // With the byte before, which tells whether a line begins here.
    const first = Math.max(0, from - 1)
    const distance = await recordStart(file.bytes(first))
    return { offset: distance === undefined ? file.size : first + distance, within: 0 }
  },
  between: (start, end) => file.bytes(start.offset, end.offset),
})

/** The layout of a file of bgzip. Its methods throw an InputError where it is damaged. */
export const bgzipLayout = (file: SeekableFile): Layout => ({
  find: async (from, recordStart) => findFromBlock(file, await findBlock(file, from), recordStart),
  async *between(start, end) {
    for await (const { offset, data } of blocks(file, start.offset, end.offset)) {
      yield offset === start.offset ? data.subarray(start.within) : data
    }
    if (end.within === 0) return
    // Where both are in one block, what stands before `start` is not part of it.
    for await (const { data } of blocks(file, end.offset)) {
      yield data.subarray(end.offset === start.offset ? start.within : 0, end.within)
      return
    }
  },
})

async function findFromBlock(file: SeekableFile, first: number, recordStart: RecordStart): Promise<Position> {
  const passed: { readonly offset: number; readonly begin: number }[] = []
  let unpacked = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const { offset, data } of blocks(file, first)) {
      passed.push({ offset, begin: unpacked })
      unpacked += data.length
      yield data
    }
  }
  const distance = await recordStart(counted())
  const block = distance === undefined ? undefined : passed.findLast(({ begin }) => begin <= distance)
  if (distance === undefined || block === undefined) return { offset: file.size, within: 0 }
  return { offset: block.offset, within: distance - block.begin }
}
