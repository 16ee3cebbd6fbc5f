import test from 'tape'
import { checkDamage, lettersOf, readBytes } from '../reading.js'

test('FASTA: names, blank lines, empty records, byte order mark', async t => {
  const text = '\uFEFF\n> sequence0 and more\nAC\n\nGT  \n>\nA\n>empty\n>last genus=Vibrio label=3\nTT'
  const reads = await readBytes(text)
  t.deepEqual(lettersOf(reads), [
    ['sequence0', 'ACGT'],
    ['read2', 'A'],
    ['empty', ''],
    ['last', 'TT'],
  ])
  t.equal(reads[3].genus, 'Vibrio')
  t.equal(reads[3].label, 3)
  t.notOk('genus' in reads[0])
})

test('FASTA: lower case, U, ambiguity codes and gaps', async t => {
  t.deepEqual(lettersOf(await readBytes('>a\nacguTNryK-.*\n')), [['a', 'ACGTTNNNNNNN']])
})

test('FASTA: a long record keeps its bases when others follow', async t => {
  const line = 'ACGTTGCAAC'
  const repeats = (times: number) => Array(times).fill(line)
  const long = 110_000
  const reads = await readBytes(
    `>a\n${repeats(3).join('\n')}\n>b\n${repeats(long).join('\n')}\n>c\n${'T'.repeat(50)}\n>d\n${repeats(long).join('\n')}\n`,
  )
  t.deepEqual(
    lettersOf(reads).map(([, letters]) => letters.length),
    [30, 10 * long, 50, 10 * long],
  )
  const expected = repeats(long).join('')
  t.ok(lettersOf(reads)[1][1] === expected && lettersOf(reads)[3][1] === expected)
  t.equal(lettersOf(reads)[2][1], 'T'.repeat(50))
})

test('FASTA: every damage is an InputError that says where', async t => {
  await checkDamage(t, [
    ['>a\nACGT\nAC GT\n', 'reads line 3: byte 0x20 in the sequence, column 3 (read a)'],
    ['>a\nAC\xffGT\n', 'reads line 2: byte 0xc3 in the sequence, column 3 (read a)'],
    [' >a\nACGT\n', "reads line 1: text before the first '>'"],
    ['>a\n@b\n', "reads line 2: '@' in the sequence, column 1 (read a)"],
  ])
})
