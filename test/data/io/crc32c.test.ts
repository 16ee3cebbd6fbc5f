import fc from 'fast-check'
import test from 'tape'
import { crc32c, maskedCrc32c } from '../../../data/io/crc32c.js'

test('crc32c: published vectors', t => {
  // RFC 3720, appendix B.4, and the check value of the CRC catalogue.
  t.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283)
  t.equal(crc32c(new Uint8Array(32)), 0x8a9136aa)
  t.equal(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43)
  t.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e)
  t.equal(crc32c(new Uint8Array(0)), 0)
  t.equal(maskedCrc32c(new Uint8Array(0)), 0xa282ead8)
  t.end()
})

test('crc32c: in pieces as in one', t => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      fc.uint8Array(),
      (a, b) => crc32c(b, crc32c(a)) === crc32c(new Uint8Array([...a, ...b])),
    ),
  )
  t.pass()
  t.end()
})
