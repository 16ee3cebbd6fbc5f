/** Long fragments are looked up in pieces of so many bases, each on its own. */
export const pieceLength = 8192

/** The pieces of a fragment, each with where it begins. */
export function* piecesOf(fragment: Uint8Array): Generator<readonly [start: number, piece: Uint8Array]> {
  for (let start = 0; start < fragment.length; start += pieceLength)
    yield [start, fragment.subarray(start, start + pieceLength)]
}
