import { InputError } from '../io/inputError.js'
import { trimEnd } from '../io/lines.js'
import { describeByte, type Read } from '../read.js'
import { parseHeader } from './fasta.js'
import { type ReadHeader, Sequence } from './sequence.js'
import type { TextSource } from './textSource.js'

const atSign = 64
const plusSign = 43

/**
 * Reads of a FASTQ file of four lines a record, as all current sequencers write it; qualities are checked for their
 * number only. Header lines are understood as in FASTA.
 * @throws InputError when the file is damaged; it names file, line and read.
 */
export async function* parseFastq({ batches, ...source }: TextSource): AsyncGenerator<Read> {
  const { file } = source
  let number = 0
  let records = 0
  let expected: 'header' | 'sequence' | 'plus' | 'quality' = 'header'
  let header: ReadHeader = { name: '' }
  let title: Uint8Array | undefined
  const sequence = new Sequence(source)
  const damage = (what: string) => new InputError(`${file} line ${number}: ${what} (read ${header.name})`)

  for await (const batch of batches)
    for (const untrimmed of batch) {
      number++
      const line = trimEnd(untrimmed)
      switch (expected) {
        case 'header':
          if (line.length === 0) break
          if (line[0] !== atSign) {
            const previous = records === 0 ? '' : `; the record before is ${header.name}`
            throw new InputError(
              `${file} line ${number}: expected '@' and a name, got ${describeByte(line[0])}${previous} (sequence and quality must stand on one line each)`,
            )
          }
          records++
          header = parseHeader(line, () => source.unnamed(records))
          title = line
          expected = 'sequence'
          break
        case 'sequence':
          sequence.append(line, number, header.name)
          expected = 'plus'
          break
        case 'plus':
          if (line[0] !== plusSign)
            throw damage(`expected the line '+' after the sequence, which must stand on one line`)
          expected = 'quality'
          break
        case 'quality':
          if (line.length !== sequence.length)
            throw damage(`quality has ${line.length} characters, sequence ${sequence.length}`)
          yield sequence.complete(header, title, line)
          expected = 'header'
          break
      }
    }
  // The quality of an empty last read is an empty line, which the file may lack.
  if (expected === 'quality' && sequence.length === 0 && source.hasFileEnd)
    yield sequence.complete(header, title, new Uint8Array(0))
  else if (expected !== 'header') {
    number++
    throw damage(`file ends where the record's ${expected} is expected`)
  }
}

/**
 * One read as the FASTQ record that its source has.
 * @throws InputError when its source has no qualities, or its text was not kept.
 */
export function fastqOf({ name, text }: Read): string {
  if (text?.quality === undefined)
    throw new InputError(
      `read ${name} has no qualities to write as FASTQ; write FASTA (a name that ends in .fa)`,
    )
  return `@${text.title}\n${text.letters}\n+\n${text.quality}\n`
}
