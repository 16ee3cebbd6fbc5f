import { type Read, readReads } from '../../data/index.js'

/** Read together: small, so that what is read says how far we are. */
const chunkBytes = 1 << 15
/** The most bases that go through the scores together: it bounds the memory. */
const mostBases = 2 ** 21

/**
 * The reads of a file in groups of `size`, or of fewer that have `mostBases` bases; the first one is of a `first` size.
 * `onBytes` is told how many bytes are read. Reads before a damage come before its error.
 * @throws InputError at the damage.
 */
export async function* groupsOf(
  file: File,
  { first, size }: { readonly first: number; readonly size: number },
  onBytes: (bytes: number) => void,
): AsyncGenerator<Read[]> {
  let group: Read[] = []
  let bases = 0
  let wanted = first
  try {
    for await (const read of readReads(chunksOf(file, onBytes), { name: file.name })) {
      group.push(read)
      bases += read.bases.length
      if (group.length < wanted && bases < mostBases) continue
      yield group
      group = []
      bases = 0
      wanted = size
    }
  } catch (error) {
    if (group.length > 0) yield group
    throw error
  }
  if (group.length > 0) yield group
}

async function* chunksOf(file: File, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < file.size; start += chunkBytes) {
    const chunk = new Uint8Array(await file.slice(start, start + chunkBytes).arrayBuffer())
    onBytes(chunk.length)
    yield chunk
  }
}
