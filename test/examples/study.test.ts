import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'tape'
import { type Split, syntheticReads, writeReads } from '../../data/index.js'

const path = fileURLToPath(new URL('../../../examples/study.js', import.meta.url))

/** A folder of genomes: two genomes of each of three synthetic genera in distribution, one of each of three others. */
async function writeGenomes(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-study-'))
  const rows = ['file\tgenus\tset\tpart']
  const add = async (split: Split, set: string, part: string) => {
    for (const { genus = '', bases } of syntheticReads({
      split,
      count: 3,
      length: 4000,
      seed: 5,
      genera: 3,
    })) {
      const file = `${genus}_${split}.fa`
      await writeReads(join(folder, file), [{ name: 'contig', bases }])
      rows.push([file, genus, set, part].join('\t'))
    }
  }
  await add('in_tr', 'ID', 'train:0-1')
  await add('in_val', 'ID', 'val:0-1')
  await add('ood_val', 'OOD', 'val:0-1')
  writeFileSync(join(folder, 'MANIFEST.tsv'), `${rows.join('\n')}\n`)
  return folder
}

const run = (args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path, ...args])
    const ended = { stdout: '', stderr: '' }
    child.stdout.on('data', text => {
      ended.stdout += text
    })
    child.stderr.on('data', text => {
      ended.stderr += text
    })
    child.on('error', reject)
    child.on('close', code => resolve({ code, ...ended }))
  })

test('examples/study.js: from a folder of genomes to tables, a page and a detector; finished steps are not repeated', async t => {
  const folder = await writeGenomes()
  const out = join(folder, 'out')
  const args = [folder, out, '--quick', '--near', 'synthetic_ood_1']
  const first = await run(args)
  t.equal(first.code, 0, first.stderr)
  for (const command of ['train', 'fit', 'tune', 'calibrate', 'sample', 'evaluate'])
    t.match(first.stdout, new RegExp(`^xenograd ${command} `, 'm'))

  const overview = readFileSync(join(out, 'overview.md'), 'utf8')
  const rows = overview.split('\n').map(row => row.split(' | '))
  t.deepEqual(rows[0], ['| AUROC', '100 bases', '250 bases |'])
  t.match(rows[2].join(), /^\| fragments \(known \+ unknown\),60 \+ 60,60 \+ 60 \|$/)
  t.deepEqual(
    rows.slice(3, -1).map(([name]) => name.slice(2)),
    [
      'likelihood',
      'ratio',
      'mlr',
      'odds',
      'kmers8',
      'markov4',
      'maximum4',
      'mlr2',
      'genusOdds6',
      'pooledOdds',
      'all',
    ],
  )
  for (const [name, ...cells] of rows.slice(3, -1))
    for (const cell of cells) {
      const [value, low, high] = (cell.match(/\d\.\d+/g) ?? []).map(Number)
      t.ok(0 <= low && low <= value && value <= high && high <= 1, `${name}: ${cell}`)
    }
  // The genera differ by their chains of order 2 to 4, so a likelihood that knows them must tell them from others.
  const markov = rows.find(([name]) => name === '| markov4')
  t.ok(Number.parseFloat(markov?.[2] ?? '') > 0.6, `AUROC of a chain at 250 bases: ${markov?.[2]}`)
  t.match(readFileSync(join(out, 'report.html'), 'utf8'), /<svg[\s\S]*synthetic_ood_3/)
  t.match(readFileSync(join(out, 'report.md'), 'utf8'), /near/)

  const files = ['detector.safetensors', 'report.html', join('scores', '100.tsv')].map(file =>
    join(out, file),
  )
  const before = files.map(file => statSync(file).mtimeMs)
  const second = await run(args)
  t.equal(second.code, 0, second.stderr)
  t.notOk(/^xenograd/m.test(second.stdout), 'every step is done')
  t.deepEqual(
    files.map(file => statSync(file).mtimeMs),
    before,
  )
  t.equal(
    second.stdout.slice(second.stdout.indexOf('| AUROC')),
    first.stdout.slice(first.stdout.indexOf('| AUROC')),
  )

  const others = await run([...args, '--fragments', '7'])
  t.equal(others.code, 2)
  t.match(others.stderr, /out: was begun with other settings \(study\.json/)
  const near = await run([folder, join(folder, 'out2'), '--quick', '--near', 'synthetic_in_1'])
  t.equal(near.code, 2)
  t.match(near.stderr, /--near: .*MANIFEST\.tsv has no unknown genus \(set OOD\) synthetic_in_1/)
})

test('examples/study.js: what fails stops the study, with the exit code of the command', async t => {
  const folder = await writeGenomes()
  writeFileSync(join(folder, 'synthetic_in_1_in_tr.fa'), '')
  const { code, stderr } = await run([folder, join(folder, 'out'), '--quick'])
  t.equal(code, 1)
  t.match(stderr, /synthetic_in_1_in_tr\.fa/)
  t.equal((await run([])).code, 2)
})
