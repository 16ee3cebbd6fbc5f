import { InputError } from '../io/inputError.js'
import { trimEnd } from '../io/lines.js'
import { decode, describeByte, encodeInto, type Read } from '../read.js'

const greaterThan = 62

/**
 * Reads of a FASTA file, sequences on any number of lines. The name is the first word after `>`; `genus=NAME` and
 * `label=NUMBER` among the other words are understood. A record without sequence is a read of no bases.
 *
 * Throws an InputError that names file, line and read of any damage.
 */
export async function* parseFasta(
  batches: AsyncIterable<Uint8Array[]>,
  file: string,
  maxLength: number,
): AsyncGenerator<Read> {
  let number = 0
  let records = 0
  let header: Omit<Read, 'bases'> | undefined
  let bases = new Uint8Array(1024)
  let length = 0
  for await (const batch of batches)
    for (const raw of batch) {
      number++
      const line = trimEnd(raw)
      if (line[0] === greaterThan) {
        if (header) yield { ...header, bases: bases.slice(0, length) }
        header = parseHeader(line, ++records)
        length = 0
        continue
      }
      if (line.length === 0) continue
      if (!header) throw new InputError(`${file} line ${number}: text before the first '>'`)
      if (length + line.length > maxLength)
        throw new InputError(
          `${file} line ${number}: sequence is longer than ${maxLength} bases (read ${header.name})`,
        )
      if (length + line.length > bases.length) {
        const larger = new Uint8Array(2 * (length + line.length))
        larger.set(bases.subarray(0, length))
        bases = larger
      }
      const at = encodeInto(line, bases, length)
      if (at >= 0) throw new InputError(notABase(file, number, line[at], at, header.name))
      length += line.length
    }
  if (header) yield { ...header, bases: bases.slice(0, length) }
}

/** The message for a character that cannot stand in a sequence, `at` counting from 0. */
export const notABase = (file: string, line: number, byte: number, at: number, read: string): string =>
  `${file} line ${line}: ${describeByte(byte)} in the sequence, column ${at + 1} (read ${read})`

/** What the header line of record `number` says, in FASTA or FASTQ; its first character is the format's mark. */
export function parseHeader(line: Uint8Array, number: number): Omit<Read, 'bases'> {
  const [name, ...words] = new TextDecoder().decode(line.subarray(1)).trim().split(/\s+/)
  const value = (key: string) => words.find(word => word.startsWith(`${key}=`))?.slice(key.length + 1)
  const genus = value('genus')
  const label = value('label')
  return {
    name: name || `read${number}`,
    ...(genus && { genus }),
    ...(label && /^-?\d+$/.test(label) && { label: Number(label) }),
  }
}

/** One read as a FASTA record that `parseFasta` reads back, on one line; unknown bases become N. */
export function fastaOf(read: Read): string {
  const words = [read.name.replace(/\s+/g, '_')]
  if (read.genus !== undefined) words.push(`genus=${read.genus}`)
  if (read.label !== undefined) words.push(`label=${read.label}`)
  return `>${words.join(' ')}\n${decode(read.bases)}\n`
}
