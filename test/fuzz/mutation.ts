import fc from 'fast-check'

/**
 * One change of some bytes. Where it happens is a fraction of their length, so that a list of changes can be applied to
 * anything, is printed by a failing test, and shrinks.
 */
export type Mutation = {
  readonly kind: 'overwrite' | 'insert' | 'delete' | 'repeat' | 'cut' | 'flip'
  /** From 0 to 1. */
  readonly where: number
  /** How many bytes are deleted or repeated; which bit is flipped. */
  readonly count: number
  /** What is written or inserted. */
  readonly bytes: Uint8Array
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What parsers stumble over: control characters, marks of formats, extreme numbers as text and as bytes. */
const trouble: readonly Uint8Array[] = [
  ...['\0', '\x1b[2J\x1b]0;x\x07', '\x9b31m', '\u202eCG', '\u2028', '\ufeff', '\r', '\n', '\r\n', '\t', ' '],
  ...['>', '@', '+', '>x genus=A\x1b[1m label=1', 'label=99999999999999999999', 'genus=', '-', '.', '*', 'N'],
  ...[
    '0',
    '-1',
    '1e999',
    '-0',
    '9007199254740993',
    '4294967296',
    '0x10',
    '1.5',
    'null',
    'true',
    '""',
    '[]',
    '{}',
  ],
  ...[
    '"',
    '{',
    '}',
    ',',
    ':',
    '\\u0000',
    '\\ud800',
    '__proto__',
    'constructor',
    '__metadata__',
    '../../x',
    'x.js',
  ],
  ...[
    'F32',
    'F64',
    'I32',
    'BF16',
    'lstm',
    'gru',
    'mine',
    '/tmp/evil.mjs',
    'adam.v.cell.kernel',
    'updates',
    'carry.h',
    'carry.c',
    'sgd.velocity',
  ],
].map(bytesOf)

const numbers: readonly Uint8Array[] = [
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0, 0, 0, 0, 0, 0x80],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
  [0, 0, 0xc0, 0x7f],
  [0, 0, 0x80, 0xff],
  [0x1f, 0x8b, 8, 0],
].map(numbers => Uint8Array.from(numbers))

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('overwrite', 'insert', 'delete', 'repeat', 'cut', 'flip'),
  where: fc.double({ min: 0, max: 1, noNaN: true }),
  count: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 400 })),
  bytes: fc.oneof(fc.constantFrom(...trouble, ...numbers), fc.uint8Array({ minLength: 1, maxLength: 4 })),
})

/** A few changes; now and then none. */
export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(mutation, { maxLength: 5 })

/** `bytes` after some changes, one after the other. */
export function mutate(bytes: Uint8Array, changes: readonly Mutation[]): Uint8Array {
  let mutated = Buffer.from(bytes)
  for (const { kind, where, count, bytes } of changes) {
    const start = Math.min(mutated.length, Math.floor(where * (mutated.length + 1)))
    const [before, after] = [mutated.subarray(0, start), mutated.subarray(start)]
    switch (kind) {
      case 'overwrite':
        mutated = Buffer.concat([before, bytes, after.subarray(bytes.length)])
        break
      case 'insert':
        mutated = Buffer.concat([before, bytes, after])
        break
      case 'delete':
        mutated = Buffer.concat([before, after.subarray(count)])
        break
      case 'repeat':
        mutated = Buffer.concat([before, after.subarray(0, count), after])
        break
      case 'cut':
        mutated = Buffer.from(before)
        break
      case 'flip':
        if (start < mutated.length) mutated[start] ^= 1 << (count % 8)
        break
    }
  }
  return new Uint8Array(mutated)
}
