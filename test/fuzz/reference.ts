/**
 * The formats of reads once more, in the plainest way: the whole text at once, with none of the code that is tested. What
 * a file holds is compared with it; undefined stands for a file that is to be refused.
 */

/** A read as the reference sees it. */
export type PlainRead = { readonly name: string; readonly letters: string }

const isSequence = (text: string): boolean => /^[A-Za-z.*-]*$/.test(text)

/** Upper-case ACGT, N for the rest. */
const lettersOf = (text: string): string =>
  text
    .toUpperCase()
    .replaceAll('U', 'T')
    .replace(/[^ACGT]/g, 'N')

const linesOf = (text: string): string[] => text.split('\n').map(line => line.replace(/\r$/, ''))

const trimEnd = (line: string): string => line.replace(/[ \t\v\f\r]+$/, '')

/** The first word of a header line, whose characters stand for bytes of UTF-8. */
const nameOf = (header: string, number: number): string =>
  new TextDecoder()
    .decode(Buffer.from(header.slice(1), 'latin1'))
    .trim()
    .split(/\s+/)[0] || `read${number}`

/** The reads of a FASTA file. */
export function plainFasta(text: string): PlainRead[] | undefined {
  const reads: { name: string; letters: string }[] = []
  for (const line of linesOf(text).map(trimEnd)) {
    if (line.startsWith('>')) reads.push({ name: nameOf(line, reads.length + 1), letters: '' })
    else if (line !== '') {
      if (reads.length === 0 || !isSequence(line)) return undefined
      reads[reads.length - 1].letters += lettersOf(line)
    }
  }
  return reads.length ? reads : undefined
}

/** The reads of a FASTQ file. */
export function plainFastq(text: string): PlainRead[] | undefined {
  const lines = linesOf(text).map(trimEnd)
  const reads: PlainRead[] = []
  let i = 0
  for (;;) {
    while (i < lines.length && lines[i] === '') i++
    if (i >= lines.length) return reads.length ? reads : undefined
    // The quality of a read without bases is an empty line, which the file may lack.
    const [header, sequence, plus, quality = ''] = lines.slice(i, i + 4)
    if (!header.startsWith('@') || sequence === undefined || !isSequence(sequence)) return undefined
    if (!plus?.startsWith('+') || quality.length !== sequence.length) return undefined
    reads.push({ name: nameOf(header, reads.length + 1), letters: lettersOf(sequence) })
    i += 4
  }
}

/** A field of a message: its number and its value, bytes where it is length-delimited. */
type PlainField = { readonly number: number; readonly value: bigint | Uint8Array }

/** The fields of a message of protocol buffers; undefined for bytes that are none. */
function plainFields(message: Uint8Array): PlainField[] | undefined {
  const fields: PlainField[] = []
  let position = 0
  const varint = (): bigint | undefined => {
    let value = 0n
    for (let i = 0; i < 10 && position < message.length; i++) {
      const byte = message[position++]
      value |= BigInt(byte & 127) << BigInt(7 * i)
      if (byte < 128) return value
    }
    return undefined
  }
  const take = (bytes: bigint): Uint8Array | undefined => {
    if (bytes > BigInt(message.length - position)) return undefined
    position += Number(bytes)
    return message.subarray(position - Number(bytes), position)
  }
  while (position < message.length) {
    const tag = varint()
    if (tag === undefined || tag >> 3n === 0n || tag >> 3n >= 1n << 29n) return undefined
    const wire = Number(tag & 7n)
    const length = wire === 2 ? varint() : wire === 1 ? 8n : wire === 5 ? 4n : undefined
    const value = wire === 0 ? varint() : length === undefined ? undefined : take(length)
    if (value === undefined) return undefined
    fields.push({ number: Number(tag >> 3n), value })
  }
  return fields
}

/** The messages in field `number` of a message; undefined where one of them is a number, or the message is none. */
function plainMessages(message: Uint8Array, number: number): Uint8Array[] | undefined {
  const fields = plainFields(message)?.filter(field => field.number === number)
  if (!fields?.every(({ value }) => value instanceof Uint8Array)) return undefined
  return fields.map(({ value }) => value as Uint8Array)
}

/** The bases in feature `x` of a tf.train.Example, as letters; undefined for anything that is not such a message. */
export function plainExample(message: Uint8Array): string | undefined {
  let text: string | undefined
  for (const features of plainMessages(message, 1) ?? [])
    for (const entry of plainMessages(features, 1) ?? []) {
      const key = plainMessages(entry, 1)?.at(-1) ?? new Uint8Array()
      if (Buffer.from(key).toString() !== 'x') continue
      const lists = (plainMessages(entry, 2) ?? []).flatMap(feature => plainMessages(feature, 1) ?? [])
      text = lists
        .flatMap(list => plainMessages(list, 1) ?? [])
        .map(value => Buffer.from(value).toString('latin1'))[0]
    }
  if (text === undefined) return undefined
  const tokens = text.split(' ').filter(token => token !== '')
  return tokens.every(token => /^[0-3]$/.test(token))
    ? tokens.map(token => 'ACGT'[Number(token)]).join('')
    : undefined
}
