import fc from 'fast-check'
import test from 'tape'
import { decode, encode, gcFraction, reverseComplement } from '../../data/read.js'

const sequence = fc.stringMatching(/^[ACGTN]{0,50}$/)

test('encode and decode are inverse on ACGTN', t => {
  fc.assert(fc.property(sequence, s => decode(encode(s)) === s))
  t.deepEqual([...encode('ACGTUacgtuNX-')], [0, 1, 2, 3, 3, 0, 1, 2, 3, 3, 4, 4, 4])
  t.throws(() => encode('AC GT'), /^RangeError: sequence has byte 0x20 at position 3$/)
  t.throws(() => encode('ACé'), /^RangeError: sequence has byte 0xc3 at position 3$/)
  t.end()
})

test('gcFraction counts known bases only', t => {
  t.equal(gcFraction(encode('GGCA')), 0.75)
  t.equal(gcFraction(encode('GNNA')), 0.5)
  t.ok(Number.isNaN(gcFraction(encode('NN'))))
  t.ok(Number.isNaN(gcFraction(encode(''))))
  t.end()
})

test('reverseComplement', t => {
  t.equal(decode(reverseComplement(encode('AACGTN'))), 'NACGTT')
  fc.assert(fc.property(sequence, s => decode(reverseComplement(reverseComplement(encode(s)))) === s))
  t.end()
})
