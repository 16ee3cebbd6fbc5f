import { concatenate } from './bytes.js'
import { InputError } from './inputError.js'

const newline = 10
const carriageReturn = 13

/**
 * Cuts chunks of bytes into lines, given in batches (all lines that a chunk completes) so that the caller waits once
 * per chunk, not once per line. A line comes without its LF or CRLF; the last one may lack it.
 * @param file what messages call the source
 * @throws InputError at a line of more than `maxBytes`, before it is held in memory as a whole.
 */
export async function* lineBatches(
  chunks: AsyncIterable<Uint8Array>,
  file: string,
  maxBytes: number,
): AsyncGenerator<Uint8Array[]> {
  let number = 1
  let begun: Uint8Array[] = []
  let begunBytes = 0
  const hold = (piece: Uint8Array) => {
    begun.push(piece)
    begunBytes += piece.length
    if (begunBytes > maxBytes)
      throw new InputError(`${file} line ${number}: longer than ${maxBytes} characters`)
  }
  const finish = (): Uint8Array => {
    const line = begun.length === 1 ? begun[0] : concatenate(begun)
    begun = []
    begunBytes = 0
    number++
    return line[line.length - 1] === carriageReturn ? line.subarray(0, -1) : line
  }

  for await (const chunk of chunks) {
    const batch: Uint8Array[] = []
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      hold(chunk.subarray(start, end))
      batch.push(finish())
      start = end + 1
    }
    if (start < chunk.length) hold(chunk.subarray(start))
    if (batch.length > 0) yield batch
  }
  if (begun.length > 0) yield [finish()]
}

/** `line` without spaces, tabs and line ends at its end. */
export function trimEnd(line: Uint8Array): Uint8Array {
  let end = line.length
  while (end > 0 && (line[end - 1] === 32 || (line[end - 1] >= 9 && line[end - 1] <= 13))) end--
  return end === line.length ? line : line.subarray(0, end)
}
