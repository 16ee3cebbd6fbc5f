import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import test from 'tape'
import { decode, type Read, readReads, writeReads } from '../../../data/index.js'
import { loadModel, Scorer } from '../../../model/index.js'
import { sharedPath, testShared } from '../../shared.js'
import { command, rowsOf, scratch, shell, start, tinyModel, xenograd } from '../support.js'

const header = '#read\tlength\tgc\tll_fg\tll_bg\tllr\n'

const fasta = `>first with a description
ACGTACGTAC
GTTT
>lower
acguNacgt
>one
A
>none
>unknown
NNANN
`

async function collect(path: string): Promise<Read[]> {
  const reads: Read[] = []
  for await (const read of readReads(path)) reads.push(read)
  return reads
}

test('score: one row per read in input order, NA where nothing is defined', async t => {
  const folder = scratch()
  const model = await tinyModel(folder)
  const background = await tinyModel(folder, { name: 'other.safetensors', seed: 2, cell: 'gru' })
  const [single, both] = await Promise.all([
    xenograd(['score', '-m', model], fasta),
    xenograd(['score', '--foreground', model, '--background', background, '-'], fasta),
  ])
  t.equal(single.code, 0, single.stderr)
  t.ok(single.stdout.startsWith(header))
  t.ok(single.stdout.endsWith('\n'))
  const rows = rowsOf(single.stdout)
  t.deepEqual(
    rows.map(([name, length, gc]) => [name, length, gc]),
    [
      ['first', '14', '0.4286'],
      ['lower', '9', '0.5000'],
      ['one', '1', '0.0000'],
      ['none', '0', 'NA'],
      ['unknown', '5', '0.0000'],
    ],
  )
  for (const [name, , , ll, ...rest] of rows) {
    t.ok(name === 'first' || name === 'lower' ? Number(ll) < 0 : ll === 'NA', `${name}: ${ll}`)
    t.deepEqual(rest, ['NA', 'NA'], 'no background, no ratio')
  }
  t.match(single.stderr, /^xenograd score: 5 of 29 bases were not ACGT.*3 of 5 reads have no score.*\n$/)

  t.equal(both.code, 0, both.stderr)
  const [first] = rowsOf(both.stdout)
  t.equal(first[3], rows[0][3])
  const [foreground, other, ratio] = first.slice(3).map(Number)
  t.ok(Math.abs(foreground - other - ratio) < 1e-8, `${first}`)
  t.equal(first[3].replace(/^-\d\./, '').length, 8, 'nine significant digits')
})

test('score: what the library says, on every device and for any batch', async t => {
  const folder = scratch()
  const path = await tinyModel(folder)
  const reads = Array.from({ length: 7 }, (_, i) => ({
    name: `r${i}`,
    bases: Uint8Array.from({ length: 3 + 300 * (i % 3) + i }, (_, k) => (k * k + i * k) % 4),
  }))
  const input = join(folder, 'reads.fa')
  await writeReads(input, reads)
  const { options, state } = await loadModel(path)
  const scorer = new Scorer(options, state.parameters)
  const wanted = (await scorer.score(reads.map(read => read.bases))).map(({ mean }) => mean)
  scorer.dispose()
  const flags = [
    ['--device', 'wasm'],
    ['--device', 'reference', '--batch', '2'],
  ]
  const runs = await Promise.all(flags.map(flag => xenograd(['score', '-m', path, ...flag, input])))
  for (const { stdout, stderr } of runs) {
    const scores = rowsOf(stdout).map(row => Number(row[3]))
    t.equal(scores.length, wanted.length, stderr)
    t.ok(scores.every((score, i) => Math.abs(score - wanted[i]) < 1e-6))
  }
})

test('score: every format, plain and gzip, files and standard input give the same table', async t => {
  const folder = scratch()
  const model = await tinyModel(folder)
  const reads = [
    { name: 'a', bases: Uint8Array.of(0, 1, 2, 3, 0, 1, 1, 2) },
    { name: 'b', bases: Uint8Array.of(3, 3, 2, 1, 0) },
  ]
  const letters = reads.map(read => decode(read.bases))
  const fastq = reads
    .map((read, i) => `@${read.name}\n${letters[i]}\n+\n${'I'.repeat(letters[i].length)}\n`)
    .join('')
  const tsv = `seq\tlabel\tseq_info\n${reads.map((read, i) => `${letters[i]}\tX\t${read.name}\n`).join('')}`
  const file = (name: string, data: string | Uint8Array) => {
    writeFileSync(join(folder, name), data)
    return join(folder, name)
  }
  const fa = join(folder, 'r.fa')
  const record = join(folder, 'r.tfrecord')
  await writeReads(fa, reads)
  await writeReads(record, reads)
  const gz = gzipSync(readFileSync(fa))
  const runs = await Promise.all([
    xenograd(['score', '-m', model, fa]),
    xenograd(['score', '-m', model, record]),
    xenograd(['score', '-m', model, '--input', file('r.fa.gz', gz)]),
    xenograd(['score', '-m', model, file('r.fq', fastq)]),
    xenograd(['score', '-m', model, file('r.tsv', tsv)]),
    xenograd(['score', '-m', model], gz),
    xenograd(['score', '-m', model, '-i', '-'], fastq),
  ])
  t.equal(runs[0].stdout.split('\n').length, 4, runs[0].stderr)
  for (const { code, stdout, stderr } of runs) {
    t.equal(code, 0, stderr)
    t.equal(stdout, runs[0].stdout)
  }
  const several = await xenograd(['score', '-m', model, fa, '-i', record])
  t.equal(rowsOf(several.stdout).length, 4, 'several files, one after another')
})

test('score --both-strands: a read and its reverse complement have one score', async t => {
  const model = await tinyModel(scratch())
  const { stdout } = await xenograd(
    ['score', '-m', model, '--both-strands'],
    '>a\nAACGT\n>b\nACGTT\n>c\nACGTA\n',
  )
  const [a, b, c] = rowsOf(stdout).map(row => row[3])
  t.equal(a, b)
  t.notEqual(a, c)
})

test('score --output: whole or not at all, compressed by name', async t => {
  const folder = scratch()
  const model = await tinyModel(folder)
  const out = join(folder, 'out')
  const failing = join(folder, 'kept.tsv')
  writeFileSync(failing, 'old')
  const [piped, plain, gz, bad, nowhere] = await Promise.all([
    xenograd(['score', '-m', model], fasta),
    xenograd(['score', '-m', model, '-o', `${out}.tsv`], fasta),
    xenograd(['score', '-m', model, '-o', `${out}.tsv.gz`, '-q'], fasta),
    xenograd(['score', '-m', model, '-o', failing], `${fasta}>broken\nAC?T\n`),
    xenograd(['score', '-m', model, '-o', join(folder, 'no', 'where.tsv')], fasta),
  ])
  t.equal(readFileSync(`${out}.tsv`, 'utf8'), piped.stdout)
  t.equal(gunzipSync(readFileSync(`${out}.tsv.gz`)).toString(), piped.stdout)
  t.equal(plain.stdout + gz.stdout, '')
  t.match(
    plain.stderr,
    /device wasm.*\nforeground .*tiny\.safetensors: lstm, hidden 4, 164 parameters, step 7\n/,
    'banner',
  )
  t.match(plain.stderr, /5 reads scored/)
  t.notOk(/hidden|reads\/s/.test(gz.stderr), '-q has no banner and no summary')
  t.equal(bad.code, 3)
  t.equal(readFileSync(failing, 'utf8'), 'old')
  t.equal(nowhere.code, 1)
  t.match(nowhere.stderr, /cannot write .*where\.tsv: folder .* does not exist\n$/)
  t.deepEqual(readdirSync(folder).sort(), ['kept.tsv', 'out.tsv', 'out.tsv.gz', 'tiny.safetensors'])
})

test('score: malformed input ends with 3 and its place, after the rows before it', async t => {
  const folder = scratch()
  const model = await tinyModel(folder)
  const fastq = join(folder, 'reads.fq')
  writeFileSync(fastq, '@r1\nACGT\n+\nIIII\n@r2\nACGTA\n+\nIIII\n')
  const gz = gzipSync(fasta)
  const [middle, quality, cut, absent] = await Promise.all([
    xenograd(['score', '-m', model], '>a\nACGT\n>b\nGGCA\n>c\nAC!T\n'),
    xenograd(['score', '-m', model, fastq]),
    xenograd(['score', '-m', model], gz.subarray(0, gz.length - 9)),
    xenograd(['score', '-m', model, join(folder, 'absent.fa')]),
  ])
  for (const { code, stdout, stderr } of [middle, quality, cut, absent]) {
    t.equal(code, 3, stderr)
    t.ok(stdout.startsWith(header))
    t.equal(stderr.trimEnd().split('\n').length, stderr.includes('not ACGT') ? 2 : 1, 'one line')
    t.notOk(stderr.includes('    at '), 'no stack')
  }
  t.deepEqual(
    rowsOf(middle.stdout).map(([name]) => name),
    ['a', 'b'],
  )
  t.match(middle.stderr, /^xenograd: stdin line 6: '!' in the sequence, column 3 \(read c\)/)
  t.match(quality.stderr, /reads\.fq line 8: .*\(read r2\)/)
  t.deepEqual(
    rowsOf(quality.stdout).map(([name]) => name),
    ['r1'],
  )
  t.match(cut.stderr, /gzip data is cut off/)
  t.match(absent.stderr, /absent\.fa: no such file/)
})

test('score: a sample without reads gives a table without rows, and a warning', async t => {
  const folder = scratch()
  const model = await tinyModel(folder)
  const empty = join(folder, 'empty.fq')
  const out = join(folder, 'out.tsv')
  writeFileSync(empty, '')
  const [piped, zipped, several, protein, taken] = await Promise.all([
    xenograd(['score', '-m', model], ''),
    xenograd(['score', '-m', model, '-o', out], gzipSync('\n')),
    xenograd(['score', '-m', model, empty, '-'], '>a\nACGT\n'),
    xenograd(['score', '-m', model], '>p\nMKVLAAGIVGLCAKAYNLTRELPQEIF\n'),
    xenograd(['score', '-m', model, '--max-foreign', '1'], '>p\nMKVLAAGIVGLCAKAYNLTRELPQEIF\n'),
  ])
  t.deepEqual([piped.code, piped.stdout], [0, header])
  t.equal(piped.stderr, 'xenograd score: stdin: is empty\n')
  t.deepEqual([zipped.code, readFileSync(out, 'utf8')], [0, header])
  t.match(zipped.stderr, /xenograd score: stdin: has no reads\n/)
  t.equal(several.code, 0)
  t.deepEqual(rowsOf(several.stdout)[0].at(-1), 'stdin', 'a column says where a read is from')
  t.match(several.stderr, /empty\.fq: is empty/)
  t.equal(protein.code, 3)
  t.match(protein.stderr, /^xenograd: stdin line 2: looks like protein: .*\(read p\)\n$/)
  t.equal(taken.code, 0, 'the share is an option')
})

test('score: a reader that has seen enough ends it quietly', async t => {
  const folder = scratch()
  const model = await tinyModel(folder)
  const input = join(folder, 'many.fa')
  writeFileSync(input, Array.from({ length: 20_000 }, (_, i) => `>r${i}\nACGTACGTGGCATT\n`).join(''))
  const { code, stdout, stderr } = await shell(`${command} score -m '${model}' '${input}' | head -1`)
  t.equal(code, 0, 'with pipefail')
  t.equal(stdout, header)
  t.equal(stderr, '')
})

test('score: what has come is scored while the rest has yet to come', async t => {
  const folder = scratch()
  const model = await tinyModel(folder)
  const child = start(['score', '-m', model])
  const ended = once(child, 'close')
  const records = Array.from({ length: 20_000 }, (_, i) => `>r${i}\nACGTACGTGGCATT\n`)
  let rows = 0
  child.stdout.on('data', (text: Buffer) => {
    const before = rows
    rows += text.toString().split('\n').length - 1
    // The first row is the header.
    if (before < 2 && rows > 1) child.stdin.end(records.slice(10_000).join(''))
  })
  child.stdin.write(records.slice(0, 10_000).join(''))
  t.equal((await ended)[0], 0)
  t.equal(rows, 1 + records.length)
})

test('score: SIGINT ends with 130 and leaves nothing behind', async t => {
  const folder = scratch()
  const model = await tinyModel(folder)
  const child = start(['score', '-m', model, '-o', join(folder, 'out.tsv')])
  child.stdin.write('>a\nACGT\n')
  let stderr = ''
  const ended = once(child, 'close')
  child.stderr.on('data', (text: Buffer) => {
    // The banner is written after the handler is in place.
    if (!stderr) child.kill('SIGINT')
    stderr += text
  })
  t.equal((await ended)[0], 130, stderr)
  t.match(stderr, /xenograd: interrupted\n$/)
  t.deepEqual(readdirSync(folder), ['tiny.safetensors'])
})

test("score: a user's own cell", async t => {
  const folder = scratch()
  const model = await tinyModel(folder, { cell: 'gru' })
  const cell = join(folder, 'mine.mjs')
  const gru = new URL('../../../model/cells/gru.js', import.meta.url).href
  writeFileSync(cell, `export { gru } from '${gru}'\n`)
  const [own, shipped] = await Promise.all([
    xenograd(['score', '-m', model, '--cell', cell], '>a\nACGT\n'),
    xenograd(['score', '-m', model], '>a\nACGT\n'),
  ])
  t.equal(own.code, 0, own.stderr)
  t.equal(own.stdout, shipped.stdout)
})

testShared("score: the reference's own log-likelihoods, both devices, TFRecord and FASTA", async t => {
  const oracle = (name: string) => sharedPath(`data/tf1-oracle/${name}`)
  const wanted = readFileSync(oracle('lstm_ll_class0.txt'), 'utf8').trim().split('\n').map(Number)
  const folder = scratch()
  // The reference computed these from the first 125 bases only.
  const reads = (await collect(oracle('test_data.fa'))).map(r => ({ ...r, bases: r.bases.slice(0, 125) }))
  const fa = join(folder, 'reads.fa.gz')
  await writeReads(fa, reads)
  const model = oracle('model/model_900.ckpt')
  const inputs = [oracle('test_len250.tfrecord'), fa]
  const runs = await Promise.all(
    ['wasm', 'reference'].flatMap(device =>
      inputs.map(input => xenograd(['score', '-m', model, '--device', device, input])),
    ),
  )
  for (const { code, stdout, stderr } of runs) {
    t.equal(code, 0, stderr)
    const found = rowsOf(stdout).map(row => Number(row[3]))
    t.equal(found.length, wanted.length)
    const worst = found.reduce((most, ll, i) => Math.max(most, Math.abs(ll - wanted[i])), 0)
    t.ok(worst < 1e-6, `largest difference ${worst}`)
  }
})
