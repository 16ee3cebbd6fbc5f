import { InputError } from '../io/inputError.js'
import { trimEnd } from '../io/lines.js'
import { field } from '../io/printable.js'
import { decode, type Read } from '../read.js'
import { type ReadHeader, Sequence } from './sequence.js'
import type { TextSource } from './textSource.js'

const greaterThan = 62

/**
 * Reads of a FASTA file, sequences on any number of lines. The name is the first word after `>`; `genus=NAME` and
 * `label=NUMBER` among the other words are understood. A record without sequence is a read of no bases.
 * @throws InputError when the file is damaged; it names file, line and read.
 */
export async function* parseFasta({ batches, ...source }: TextSource): AsyncGenerator<Read> {
  const { file } = source
  let number = 0
  let records = 0
  let header: ReadHeader | undefined
  let title: Uint8Array | undefined
  const sequence = new Sequence(source)
  for await (const batch of batches)
    for (const untrimmed of batch) {
      number++
      const line = trimEnd(untrimmed)
      if (line[0] === greaterThan) {
        if (header) yield sequence.complete(header, title)
        records++
        header = parseHeader(line, () => source.unnamed(records))
        title = line
      } else if (line.length > 0) {
        if (!header) throw new InputError(`${file} line ${number}: text before the first '>'`)
        sequence.append(line, number, header.name)
      }
    }
  if (header) yield sequence.complete(header, title)
}

/**
 * What the header line of a record says, in FASTA or FASTQ; its first character is the format's mark. `unnamed`: what the
 * record is called if the line does not say it.
 */
export function parseHeader(line: Uint8Array, unnamed: () => string): ReadHeader {
  const [name, ...words] = new TextDecoder().decode(line.subarray(1)).trim().split(/\s+/).map(field)
  const value = (key: string) => words.find(word => word.startsWith(`${key}=`))?.slice(key.length + 1)
  const genus = value('genus')
  const label = value('label')
  return {
    name: name || unnamed(),
    ...(genus && { genus }),
    ...(label && /^-?\d+$/.test(label) && { label: Number(label) }),
  }
}

/**
 * One read as a FASTA record that `parseFasta` reads back, on one line; as its source has it where its text was kept,
 * else unknown bases become N.
 */
export function fastaOf(read: Read): string {
  if (read.text) return `>${read.text.title}\n${read.text.letters}\n`
  const words = [read.name.replace(/\s+/g, '_')]
  if (read.genus !== undefined) words.push(`genus=${read.genus}`)
  if (read.label !== undefined) words.push(`label=${read.label}`)
  return `>${words.join(' ')}\n${decode(read.bases)}\n`
}
