import fc from 'fast-check'
import test from 'tape'
import { InputError } from '../../../data/io/inputError.js'
import { field, printable, quoting } from '../../../data/io/printable.js'

test('printable: escapes what does something to a terminal, and nothing else', t => {
  t.equal(
    printable('a\0\x1b[2J\x7f\x9b\u202e\u2028\ud800\n\t\r'),
    'a\\x00\\x1b[2J\\x7f\\x9b\\u202e\\u2028\\ud800\\n\\t\\r',
  )
  t.equal(printable('Ærø 日本 😀 \\x1b'), 'Ærø 日本 😀 \\x1b')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => printable(printable(text)) === printable(text)),
  )
  t.end()
})

test('field: fits into one field of one line, and shows what was replaced', t => {
  t.equal(field('a\tb\u2028c'), 'a\ufffdb\ufffdc')
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => printable(field(text)) === field(text)))
  t.end()
})

test('errors of bad input quote it printable, and not at any length', t => {
  t.equal(new InputError('x\x1b').message, 'x\\x1b')
  t.ok(quoting('n'.repeat(1e6)).length < 2100)
  t.end()
})
