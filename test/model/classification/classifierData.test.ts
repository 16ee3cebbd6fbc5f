import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { bitsAt, keyFromSeed } from '../../../engine/hostRandom.js'
import { classifierDefaults, loadClassifierData } from '../../../model/index.js'

const folder = () => mkdtemp(join(tmpdir(), 'xenograd-classes-'))
const small = { ...classifierDefaults, batch_size: 40, seq_len: 20 }

/** Letters that a genus is made of, so that a read tells its genus: two of the four bases. */
const sequence = (letters: string, length: number, seed: number): string =>
  Array.from({ length }, (_, i) => letters[bitsAt(keyFromSeed(seed), 0, i) & 1]).join('')

/** The rows of a batch: bases and class. */
function rowsOf(batch: Int32Array): { bases: number[]; label: number }[] {
  const width = batch.length / small.batch_size
  return Array.from({ length: small.batch_size }, (_, i) => {
    const row = [...batch.subarray(i * width, (i + 1) * width)]
    return { bases: row.slice(0, -1), label: row[width - 1] }
  })
}

test('classifier data: genera of long records are classes, by the numbers of the dictionary', async t => {
  const root = await folder()
  const file = join(root, 'in_tr.fa')
  // Complements: A with T, C with G, so that both strands tell the genus.
  await writeFile(
    file,
    `>x genus=Xeno\n${sequence('AT', 300, 1)}\n>y genus=Ypso\n${sequence('CG', 500, 2)}\n`,
  )
  const dictionary = join(root, 'label_dict.json')
  await writeFile(dictionary, '{"Ypso": 0, "Xeno": 1, "Zeta": 2}')
  const { data, classNames } = await loadClassifierData({
    ...small,
    label_dict_file: dictionary,
    in_tr_data_dir: file,
  })
  t.deepEqual(classNames, ['Ypso', 'Xeno'])
  const rows = rowsOf(data.batch(3))
  t.ok(rows.every(({ bases }) => bases.length === 20))
  t.ok(
    rows.every(({ bases, label }) => bases.every(base => (base === 0 || base === 3) === (label === 1))),
    'each fragment has the class of its genus',
  )
  t.equal(rows.filter(({ label }) => label === 1).length, 20, 'as many of each')
})

test('classifier data: of reads and mutated reads half are mutated, in every genus', async t => {
  const root = await folder()
  const file = join(root, 'in_tr.fa')
  await writeFile(file, `>x genus=Xeno\n${'A'.repeat(300)}\n>y genus=Ypso\n${'C'.repeat(300)}\n`)
  const settings = { ...small, task: 'mutated', mutation_rate: 0.5, in_tr_data_dir: file }
  const { data, classNames } = await loadClassifierData(settings)
  t.deepEqual(classNames, ['read', 'mutated'])
  const rows = rowsOf(data.batch(0))
  const isPure = ({ bases }: { bases: number[] }) => bases.every(base => base === bases[0])
  t.ok(
    rows.every(row => isPure(row) === (row.label === 0)),
    'mutated reads are mutated, others are as they are',
  )
  const mutated = rows.filter(({ label }) => label === 1).length
  t.ok(mutated >= 10 && mutated <= 30, `${mutated} of 40`)
  const pure = new Set(rows.filter(isPure).map(({ bases }) => [0, 3].includes(bases[0])))
  t.equal(pure.size, 2, 'both genera are among the unmutated ones')
  t.deepEqual(data.batch(0), data.batch(0), 'a function of the step')
})

test('classifier data: what has no classes is refused', async t => {
  const root = await folder()
  const cases: [name: string, text: string, message: RegExp][] = [
    ['none', `>x\n${'A'.repeat(30)}\n`, /1 of 1 reads have no class/],
    ['one', `>x label=0\n${'A'.repeat(30)}\n>y label=0\n${'C'.repeat(30)}\n`, /all reads are of one class/],
    ['long', `>x\n${'A'.repeat(300)}\n`, /records without a genus/],
    ['alone', `>x genus=Xeno\n${'A'.repeat(300)}\n`, /only one genus/],
  ]
  for (const [name, text, message] of cases) {
    const file = join(root, `in_tr_${name}.fa`)
    await writeFile(file, text)
    await loadClassifierData({ ...small, in_tr_data_dir: file }).then(
      () => t.fail(`accepted: ${name}`),
      error => t.match(error.message, message),
    )
  }
})
