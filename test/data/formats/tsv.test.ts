import test from 'tape'
import { decode } from '../../../data/read.js'
import { checkDamage, lettersOf, readBytes } from '../reading.js'

test('TSV: the TFDS header in any order, no header, a list of sequences', async t => {
  const [first] = await readBytes('label\tdomain\tsequence\tseq_info\nBacillus\tin\tACGT\tGCF_1 at 7\n')
  t.deepEqual(
    { ...first, bases: decode(first.bases) },
    { name: 'GCF_1 at 7', bases: 'ACGT', genus: 'Bacillus' },
  )
  t.deepEqual(lettersOf(await readBytes('ACGT\tBacillus\tx1\tin\r\n\r\nTT\t3\tx2\tin')), [
    ['x1', 'ACGT'],
    ['x2', 'TT'],
  ])
  t.deepEqual(lettersOf(await readBytes('acgt\nTT\n')), [
    ['read1', 'ACGT'],
    ['read2', 'TT'],
  ])
})

test('TSV: every damage is an InputError that says where; the first may mean another format', async t => {
  await checkDamage(t, [
    ['hello, world\n', /^reads line 1: ',' in the sequence, column 6 \(read read1\); not FASTA/],
    [' ACGT\n>a\nAC\n', /^reads line 1: byte 0x20 in the sequence/],
    ['ACGT\nAC!T\n', "reads line 2: '!' in the sequence, column 3 (read read2)"],
    ['label\tseq\nx\n', 'reads line 2: the column with the sequence is missing (read read1)'],
  ])
})
