import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { formatFragment, fragmentHeader, readFragmentTable } from '../../cli/fragmentTable.js'
import { scratch } from './support.js'

const folder = scratch()
const read = (...paths: string[]) => readFragmentTable(...paths.map(path => ({ path })))
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

test('fragment table: what is written is read again, digit by digit', async t => {
  const names = ['likelihood', 'k15']
  const fragment = { name: 'r|1', genus: 'Vibrio', length: 250, gc: 1 / 3, scores: [0.1 + 0.2, Number.NaN] }
  const infinite = { name: 'r2', length: 10, gc: Number.NaN, scores: [Number.NEGATIVE_INFINITY, 1e-300] }
  const rows = [
    formatFragment('in', fragment),
    formatFragment('ood', fragment),
    formatFragment('ood', infinite),
  ]
  const table = await read(write('table.tsv', fragmentHeader(names) + rows.join('')))
  t.deepEqual(table.names, names)
  t.equal(table.near, undefined)
  const outside = table.sets.ood.reads()
  t.deepEqual(outside.scores, {
    likelihood: [0.1 + 0.2, Number.NEGATIVE_INFINITY],
    k15: [Number.NaN, 1e-300],
  })
  t.deepEqual(
    [outside.gc, outside.length],
    [
      [1 / 3, Number.NaN],
      [250, 10],
    ],
  )
  t.equal(outside.genus, undefined, 'not every fragment has a genus')
  const inside = table.sets.in.reads(['k15'])
  t.deepEqual([inside.genus, inside.genome, Object.keys(inside.scores)], [['Vibrio'], undefined, ['k15']])
})

test('fragment table: columns in any order, Windows lines, other names of undefined and infinite', async t => {
  const text =
    'a\trelation\tset\tgenus\r\n1\tfar\tood\tV\r\ninf\tnear\tood\tW\r\n\t\tin\tX\r\nnan\tNA\tin\tX\r\n'
  const { sets, near } = await read(write('order.tsv', text))
  t.deepEqual(sets.ood.reads().scores.a, [1, Number.POSITIVE_INFINITY])
  t.deepEqual(sets.in.reads().scores.a, [Number.NaN, Number.NaN])
  t.equal(sets.in.reads().length, undefined, 'no lengths given')
  t.deepEqual(near, ['W'])
})

test('fragment table: what is wrong is told by line', async t => {
  const cases: [text: string, message: RegExp][] = [
    ['', /bad\.tsv: is empty/],
    ['genus\tscore\nA\t1\n', /bad\.tsv line 1: the header has no column 'set'/],
    ['set\tgc\nin\t1\n', /line 1: the header has no score/],
    ['set\ta\ta\n', /line 1: two columns are called 'a'/],
    ['set\tread\ta\nin\tr1\tx\n', /line 2: 'x' in column a is not a number \(read r1\)/],
    ['set\ta\nin\t1\t2\n', /line 2: 3 columns, but the header has 2/],
    ['set\ta\nIN\t1\n', /line 2: the set is 'IN'; wanted in or ood/],
    ['set\ta\nin\t1\n', /bad\.tsv: no row whose set is 'ood'; both sets are needed/],
    [
      'set\tgenus\trelation\ta\nood\tV\tnear\t1\nood\tV\tfar\t1\n',
      /line 3: genus V is far here and near before/,
    ],
    ['set\trelation\ta\nood\tnear\t1\n', /line 2: near, but of no genus/],
    ['set\tgenus\trelation\ta\nood\tV\tclose\t1\n', /line 2: the relation is 'close'; wanted near or far/],
  ]
  for (const [text, message] of cases)
    await read(write('bad.tsv', text)).then(
      () => t.fail(`${message}`),
      error => t.ok(error.name === 'InputError' && message.test(error.message), error.message),
    )
  await read(join(folder, 'absent.tsv')).catch(error => t.match(error.message, /absent\.tsv: no such file/))
  await read(write('not.tsv.gz', 'no gzip')).catch(error => t.match(error.message, /not\.tsv\.gz: incorrect/))
})

test('fragment table: several are read as one; their scores must be the same', async t => {
  const one = write('one.tsv', 'set\ta\tlength\nin\t1\t10\nood\t2\t10\n')
  const two = write('two.tsv', 'length\tset\ta\n20\tin\t3\n')
  const { sets } = await read(one, two)
  const { scores, length } = sets.in.reads()
  t.deepEqual(
    [scores.a, length],
    [
      [1, 3],
      [10, 20],
    ],
  )
  t.equal(sets.ood.size, 1)
  const others: [name: string, text: string, message: RegExp][] = [
    ['other.tsv', 'set\tb\nin\t1\n', /other\.tsv line 1: the scores are b, but those of .*one\.tsv a$/],
    ['empty.tsv', '', /empty\.tsv: is empty/],
  ]
  for (const [name, text, message] of others)
    await read(one, write(name, text)).then(
      () => t.fail(`${message}`),
      error => t.ok(error.name === 'InputError' && message.test(error.message), error.message),
    )
})

test('fragment table: tables of xenograd score, one for each set', async t => {
  const inside = {
    path: write(
      'in.tsv',
      '#read\tlength\tgc\tll_fg\tllr\tp\tcall\tfile\nA|g1|7\t9\t0.5\t-1.5\tNA\t0.2\tknown\ta.fa\n',
    ),
    set: 'in' as const,
  }
  const outside = {
    path: write('ood.tsv', '#read\tlength\tgc\tll_fg\tllr\nr2\t8\t0.25\t-2\t1\n'),
    set: 'ood' as const,
  }
  const { names, sets } = await readFragmentTable(inside, outside)
  t.deepEqual(names, ['ll_fg', 'llr'])
  const { scores, genus, genome, length } = sets.in.reads()
  t.deepEqual([scores, genus, genome, length], [{ ll_fg: [-1.5], llr: [Number.NaN] }, ['A'], ['g1'], [9]])
  t.deepEqual(sets.ood.reads().scores, { ll_fg: [-2], llr: [1] })
  for (const text of ['#group\tn\tllr\na\t1\t2\n', 'set\tread\ta\nin\tr\t1\n'])
    await readFragmentTable({ path: write('other.tsv', text), set: 'in' }).then(
      () => t.fail(text),
      error => t.match(error.message, /other\.tsv line 1: not a table of xenograd score for single reads/),
    )
})
