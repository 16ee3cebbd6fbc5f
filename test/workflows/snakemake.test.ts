/** The workflow of workflows/snakemake, run by Snakemake. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test, TestCase } from 'tape'
import { stringify } from 'yaml'
import { type Read, readReads, syntheticReads, writeReads } from '../../data/index.js'
import { command, scratch, tinyModel, xenograd } from '../cli/support.js'
import { sharedPath } from '../shared.js'
import { testUnless } from '../testUnless.js'
import { gridFlags } from './grid.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const snakefile = join(root, 'workflows/snakemake/Snakefile')

const hasSnakemake = spawnSync('snakemake', ['--version']).status === 0

const testSnakemake = (name: string, body: TestCase): void =>
  testUnless(hasSnakemake ? undefined : 'no snakemake; apt-get install snakemake', name, body)

/** Snakemake in a folder, with settings; returns its exit code, and on what xenograd was called. */
function run(
  t: Test,
  folder: string,
  settings: object,
  code: number,
  flags: readonly string[] = [],
): string[] {
  const calls = join(folder, 'calls')
  writeFileSync(calls, '')
  writeFileSync(
    join(folder, 'settings.yaml'),
    stringify({ xenograd: join(folder, 'xenograd'), threads: 1, ...settings }),
  )
  const ended = spawnSync(
    'snakemake',
    [
      ...['--snakefile', snakefile, '--directory', folder, '--configfile', join(folder, 'settings.yaml')],
      ...['--cores', '2', '--quiet', ...flags],
    ],
    { encoding: 'utf8', env: { ...process.env, HOME: folder } },
  )
  t.equal(ended.status, code, code === 0 ? ended.stderr : 'snakemake fails')
  return readFileSync(calls, 'utf8').trimEnd().split('\n').sort()
}

/**
 * A folder with what the workflow calls as xenograd: it notes each command and its shard, and the first call of the shard
 * `ill` ends by SIGKILL.
 */
function folderWith(ill = 'none'): string {
  const folder = scratch()
  const script = `#!/bin/bash
shard=$(sed -nE 's/.*--shard ([0-9]+\\/[0-9]+).*/ \\1/p' <<< "$*")
echo "$1$shard" >> '${folder}/calls'
${command} "$@" &
child=$!
if [ "$1$shard" = 'score ${ill}' ] && ! [ -e '${folder}/ill' ]; then
  touch '${folder}/ill'
  kill -9 $child
fi
wait $child
`
  writeFileSync(join(folder, 'xenograd'), script)
  chmodSync(join(folder, 'xenograd'), 0o755)
  return folder
}

const folderOfReads = sharedPath('data/bench')

/** Validation reads: those of the data release where they are, else synthetic ones. */
async function validationReads(folder: string): Promise<{ in: string; ood: string }> {
  const released = {
    in: join(folderOfReads, 'between_2011-2016_in_val/in_val.tfrecord'),
    ood: join(folderOfReads, 'between_2011-2016_ood_val/ood_val.tfrecord'),
  }
  const files = { in: join(folder, 'in.tfrecord'), ood: join(folder, 'ood.tfrecord') }
  for (const set of ['in', 'ood'] as const) {
    const split = set === 'in' ? ('in_val' as const) : ('ood_val' as const)
    const reads = existsSync(released[set])
      ? first(readReads(released[set]), set === 'in' ? 6000 : 300)
      : syntheticReads({ split, count: 300, length: 250, seed: 1 })
    await writeReads(files[set], reads)
  }
  return files
}

async function* first(reads: AsyncIterable<Read>, count: number): AsyncGenerator<Read> {
  let given = 0
  for await (const read of reads) {
    if (given++ === count) return
    yield read
  }
}

testSnakemake(
  'workflow: validation reads in 7 shards; the one that was killed runs again, alone',
  async t => {
    const folder = folderWith('3/7')
    const models = {
      foreground: await tinyModel(folder),
      background: await tinyModel(folder, { name: 'b.safetensors', seed: 2 }),
    }
    const files = await validationReads(folder)
    const settings = { ...models, shards: 7, sets: { in: [files.in] } }
    const calls = run(t, folder, settings, 1, ['--keep-going'])
    t.deepEqual(
      calls,
      [1, 2, 3, 4, 5, 6, 7].map(i => `score ${i}/7`),
    )
    t.notOk(existsSync(join(folder, 'out/in.tsv')), 'no table yet')
    t.deepEqual(run(t, folder, settings, 0), ['score 3/7'], 'the jobs of the second call')
    const whole = join(folder, 'whole.tsv')
    const unsharded = ['-m', models.foreground, '-b', models.background, files.in, '-o', whole, '-q']
    t.equal((await xenograd(['score', ...unsharded])).code, 0)
    t.ok(
      readFileSync(join(folder, 'out/in.tsv')).equals(readFileSync(whole)),
      'byte for byte the unsharded table',
    )
    const more = { ...settings, sets: { in: [files.in], ood: [files.ood] } }
    t.deepEqual(
      run(t, folder, more, 0),
      ['evaluate', ...[1, 2, 3, 4, 5, 6, 7].map(i => `score ${i}/7`)],
      'a set that is added',
    )
    t.match(readFileSync(join(folder, 'out/evaluation.tsv'), 'utf8'), /auroc/i)
    t.deepEqual(run(t, folder, more, 0), [''], 'nothing is left to do')
  },
)

testSnakemake('workflow: the grid of xenograd tune in jobs, and its table', async t => {
  const folder = folderWith()
  const tune = await gridFlags(folder)
  t.deepEqual(run(t, folder, { tune, tune_shards: 2 }, 0), ['tune', 'tune 1/2', 'tune 2/2'])
  t.match(readFileSync(join(folder, 'out/tune/tune.tsv'), 'utf8'), /^#hidden\t.*\n4\t0.2\t0\t/)
})
