import test from 'tape'
import { checkDamage, lettersOf, readBytes } from '../reading.js'

test('FASTQ: empty reads, repeated name after +, blank line at the end', async t => {
  t.deepEqual(lettersOf(await readBytes('@a x\nAC\n+a x\n!!\n@b\n\n+\n\n@c\r\nG\r\n+\r\n@\r\n\r\n')), [
    ['a', 'AC'],
    ['b', ''],
    ['c', 'G'],
  ])
})

test('FASTQ: the empty line of an empty last read may be missing', async t => {
  t.deepEqual(lettersOf(await readBytes('@a\n\n+\n')), [['a', '']])
})

test('FASTQ: every damage is an InputError that says where', async t => {
  await checkDamage(t, [
    ['@SRR1.77\nACGTACGT\n+\nIIIIIII\n', 'reads line 4: quality has 7 characters, sequence 8 (read SRR1.77)'],
    [
      '@a\nAC\nGT\n+\nIIII\n',
      "reads line 3: expected the line '+' after the sequence, which must stand on one line (read a)",
    ],
    ['@a\nAC\n+\nII\nACGT\n', /^reads line 5: expected '@' and a name, got 'A'; the record before is a/],
    ['@a\nA?\n+\nII\n', "reads line 2: '?' in the sequence, column 2 (read a)"],
    ['@a\n', "reads line 2: file ends where the record's sequence is expected (read a)"],
    ['@a\nAC\n', "reads line 3: file ends where the record's plus is expected (read a)"],
    ['@a\nAC\n+\n', "reads line 4: file ends where the record's quality is expected (read a)"],
  ])
})
