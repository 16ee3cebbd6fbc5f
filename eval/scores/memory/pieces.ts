/** Long fragments are looked up in pieces of so many bases, each on its own. */
export const pieceLength = 8192

/** So many bases are looked up before the event loop has its turn: whole pieces. */
export const stretchLength = 16 * pieceLength

/** The pieces of a fragment, each with where it begins. */
export function* piecesOf(fragment: Uint8Array): Generator<readonly [start: number, piece: Uint8Array]> {
  for (let start = 0; start < fragment.length; start += pieceLength)
    yield [start, fragment.subarray(start, start + pieceLength)]
}
