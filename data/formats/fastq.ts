import { InputError } from '../io/inputError.js'
import { trimEnd } from '../io/lines.js'
import { describeByte, encodeInto, type Read } from '../read.js'
import { notABase, parseHeader } from './fasta.js'

const at = 64
const plus = 43

/**
 * Reads of a FASTQ file of four lines a record, as all current sequencers write it; qualities are checked for their
 * number only. Header lines are understood as in FASTA.
 *
 * Throws an InputError that names file, line and read of any damage.
 */
export async function* parseFastq(
  batches: AsyncIterable<Uint8Array[]>,
  file: string,
  maxLength: number,
): AsyncGenerator<Read> {
  let number = 0
  let records = 0
  let state: 'header' | 'sequence' | 'plus' | 'quality' = 'header'
  let header: Omit<Read, 'bases'> = { name: '' }
  let bases = new Uint8Array(0)
  const damage = (what: string) => new InputError(`${file} line ${number}: ${what} (read ${header.name})`)

  for await (const batch of batches)
    for (const raw of batch) {
      number++
      const line = trimEnd(raw)
      switch (state) {
        case 'header':
          if (line.length === 0) break
          if (line[0] !== at) {
            const where = records === 0 ? '' : `; the record before is ${header.name}`
            throw new InputError(
              `${file} line ${number}: expected '@' and a name, got ${describeByte(line[0])}${where} (sequence and quality must stand on one line each)`,
            )
          }
          header = parseHeader(line, ++records)
          state = 'sequence'
          break
        case 'sequence': {
          if (line.length > maxLength) throw damage(`sequence is longer than ${maxLength} bases`)
          bases = new Uint8Array(line.length)
          const bad = encodeInto(line, bases)
          if (bad >= 0) throw new InputError(notABase(file, number, line[bad], bad, header.name))
          state = 'plus'
          break
        }
        case 'plus':
          if (line[0] !== plus)
            throw damage(`expected the line '+' after the sequence, which must stand on one line`)
          state = 'quality'
          break
        case 'quality':
          if (line.length !== bases.length)
            throw damage(`quality has ${line.length} characters, sequence ${bases.length}`)
          yield { ...header, bases }
          state = 'header'
          break
      }
    }
  if (state === 'quality' && bases.length === 0) yield { ...header, bases }
  else if (state !== 'header') {
    number++
    throw damage(`file ends where the record's ${state} is expected`)
  }
}
