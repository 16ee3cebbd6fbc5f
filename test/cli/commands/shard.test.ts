/** `xenograd score --shard`: files put together are those of the whole input, byte for byte. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import test from 'tape'
import { decode, syntheticReads } from '../../../data/index.js'
import { bgzipped } from '../../data/shards/files.js'
import { inThisProcess, scratch, tinyModel, xenograd } from '../support.js'

/** Synthetic reads as FASTQ, with qualities that look like headers. */
const fastqOf = (count: number, seed: number): Buffer =>
  Buffer.from(
    Array.from(syntheticReads({ split: 'in_val', count, length: 60, seed }), ({ name, bases }) =>
      [`@${name.replaceAll(' ', '_')}`, decode(bases), '+', '@'.repeat(bases.length), ''].join('\n'),
    ).join(''),
  )

test('score --shard: table, track and reads of all shards are those of the whole, byte for byte', async t => {
  const folder = scratch()
  const path = (name: string) => join(folder, name)
  const models = [
    '-m',
    await tinyModel(folder),
    '-b',
    await tinyModel(folder, { name: 'b.safetensors', seed: 2 }),
  ]
  writeFileSync(path('plain.fq'), fastqOf(50, 1))
  writeFileSync(path('bgzip.fq.gz'), bgzipped(fastqOf(80, 2), 1000))
  writeFileSync(path('gzip.fq.gz'), gzipSync(fastqOf(30, 3)))
  const files = ['plain.fq', 'bgzip.fq.gz', 'gzip.fq.gz'].map(path)
  const outputs = (name: string) => ['-o', path(`${name}.tsv.gz`), '--track', path(`${name}.bed`)]
  const whole = await xenograd(['score', '-q', ...models, ...files, ...outputs('whole')])
  t.equal(whole.code, 0, whole.stderr)
  const names: string[] = []
  for (let i = 1; i <= 4; i++) {
    const name = `shard${i}`
    names.push(name)
    const shard = ['--shard', `${i}/4`]
    const { code, stderr } = await xenograd(['score', '-q', ...models, ...files, ...shard, ...outputs(name)])
    t.equal(code, 0, stderr)
  }
  const together = (end: string) => Buffer.concat(names.map(name => readFileSync(path(`${name}${end}`))))
  const table = gunzipSync(readFileSync(path('whole.tsv.gz'))).toString()
  t.equal(table.split('\n').length, 162)
  t.equal(gunzipSync(together('.tsv.gz')).toString(), table)
  t.equal(together('.bed').toString(), readFileSync(path('whole.bed'), 'utf8'))
})

test('score --shard: what cannot be done in shards', async t => {
  const folder = scratch()
  const models = ['-m', await tinyModel(folder)]
  const gz = join(folder, 'reads.fq.gz')
  const fq = join(folder, 'reads.fq')
  writeFileSync(gz, gzipSync(fastqOf(3, 1)))
  writeFileSync(fq, fastqOf(3, 1))
  const refused: [number, string[], RegExp][] = [
    [3, [gz, '--shard=1/2'], /reads\.fq\.gz: is compressed so that .* compress it with bgzip/],
    [3, ['-', '--shard=1/2'], /^xenograd: stdin: is no file that can be read in shards/m],
    [3, [join(folder, 'none.fa'), '--shard=1/2'], /none\.fa: no such file/],
    [2, [fq, '--shard=3/2'], /Give I\/N, part I of N/],
    [2, [fq, '--shard=0/2'], /Give I\/N, part I of N/],
    [2, [fq, '--shard=1/2', '--paired'], /--shard and --paired: /],
    [2, [fq, '--shard=1/2', '--group-by', 'file', '--bh'], /--shard and --group-by, --bh: /],
  ]
  for (const [expected, args, message] of refused) {
    const { code, stderr } = await inThisProcess(['score', ...models, ...args])
    t.deepEqual([code, message.test(stderr)], [expected, true], stderr)
  }
})
