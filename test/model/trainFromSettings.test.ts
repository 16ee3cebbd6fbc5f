import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { decode, syntheticReads, writeReads } from '../../data/index.js'
import { device } from '../../engine/index.js'
import { defaults, type MetricsLine, type Settings, trainFromSettings } from '../../model/index.js'

async function tinySettings(folder: string): Promise<Settings> {
  const reads = join(folder, 'in_tr.tfrecord')
  await writeReads(reads, syntheticReads({ split: 'in_tr', count: 40, length: 20, seed: 3 }))
  const tiny = { hidden_lstm_size: 3, batch_size: 10, seq_len: 20, num_steps: 2 }
  const data = { in_tr_data_dir: reads, in_val_data_dir: reads, ood_val_data_dir: reads }
  return { ...defaults, ...tiny, ...data, out_dir: join(folder, 'out') }
}

test('trainFromSettings: computes on the device of the settings alone; the default one stays what it is', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'xenograd-settings-'))
  const settings = await tinySettings(folder)
  const before = device()
  const untouched = before.stats()
  let notes: readonly string[] = []
  const result = await trainFromSettings(
    { ...settings, device: 'reference' },
    {
      onStart: (_, lines) => {
        notes = lines
      },
    },
  )
  t.match(notes[0], /^device reference: /)
  t.equal(device(), before, 'the default device is the same')
  t.equal(before.name, 'wasm')
  t.deepEqual(before.stats(), untouched, 'nothing was allocated on it')
  t.deepEqual(device('reference').stats(), { buffers: 0, bytes: 0 }, 'nothing is left on the other')
  t.deepEqual([result.step, result.interrupted], [1, false])
  await rm(folder, { recursive: true })
})

test('trainFromSettings: a run that is refused leaves what its directory says as it was', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'xenograd-settings-'))
  const settings = await tinySettings(folder)
  const { run } = await trainFromSettings(settings)
  const files = ['params.json', 'model/params.json', 'run.txt']
  const contents = () => Promise.all(files.map(file => readFile(join(run, file), 'utf8')))
  const before = await contents()
  let started = false
  const refused = await trainFromSettings(
    { ...settings, random_seed: 5 },
    {
      onStart: () => {
        started = true
      },
    },
  ).catch((error: Error) => error.message)
  t.match(
    String(refused),
    /this run began with random_seed 1234, now 5; a run is resumed with what it began with \(fresh starts anew\)/,
  )
  t.deepEqual(await contents(), before)
  t.notOk(started)
  await rm(folder, { recursive: true })
})

/** Random contigs of a genome, as FASTA. */
const fasta = (seed: number, contigs: number, length: number): string =>
  Array.from(
    syntheticReads({ split: 'in_tr', count: contigs, length, seed }),
    read => `>${read.name.split('|').at(-1)}\n${decode(read.bases)}\n`,
  ).join('')

/** A manifest of three genera with a genome each, the last one out-of-distribution. */
async function writeManifest(folder: string): Promise<string> {
  const rows = [
    ['file', 'set', 'genus', 'part'],
    ['a.fna', 'ID', 'A', 'train:0-0.5;val:0.5-1'],
    ['b.fna', 'ID', 'B', 'train:0-0.5;val:0.5-1'],
    ['c.fna', 'OOD', 'C', 'val:0-1'],
  ]
  for (const [i, name] of ['a', 'b', 'c'].entries())
    await writeFile(join(folder, `${name}.fna`), fasta(i, 3, 400))
  const path = join(folder, 'MANIFEST.tsv')
  await writeFile(path, rows.map(row => `${row.join('\t')}\n`).join(''))
  return path
}

/** The notes of a training, and its lines of metrics. */
async function trained(settings: Settings): Promise<{ notes: readonly string[]; lines: MetricsLine[] }> {
  let notes: readonly string[] = []
  const lines: MetricsLine[] = []
  await trainFromSettings(settings, {
    onStart: (_, said) => {
      notes = said
    },
    onMetrics: line => lines.push(line),
  })
  return { notes, lines }
}

const withoutValidation = { in_val_data_dir: '', ood_val_data_dir: '' }

test('trainFromSettings: genomes of a manifest, sampled on the fly, validated on their validation parts', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'xenograd-settings-'))
  const settings = {
    ...(await tinySettings(folder)),
    ...withoutValidation,
    genomes: await writeManifest(folder),
    min_seq_len: 10,
    windows: 2,
    val_len: 39,
    val_batches: 3,
  }
  const { notes, lines } = await trained(settings)
  t.equal(
    notes[2],
    'training fragments of 2 windows of 10, 14, 20 bases from 2 genomes (2 genera, 1200 bases), both strands, sampled on the fly',
  )
  t.equal(notes[3], 'validation reads: 30 in-distribution, 30 out-of-distribution')
  t.ok(lines.every(line => typeof line.val_loss === 'number' && typeof line.auroc === 'number'))
  const other = await trained({ ...settings, filter_label: 1, fresh: true })
  t.match(other.notes[2], /from 1 genomes \(1 genus, 600 bases\)/)
  const none = await trained({ ...settings, filter_label: 7 }).catch((error: Error) => error.message)
  t.match(String(none), /filter_label 7: no genus of .* has that number; there are 0 A, 1 B, 2 C/)
  await rm(folder, { recursive: true })
})

test('trainFromSettings: FASTA records much longer than a read are sampled from; reads stay reads', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'xenograd-settings-'))
  const base = { ...(await tinySettings(folder)), ...withoutValidation }
  const file = (name: string) => join(folder, name)
  await writeFile(file('genome.fna'), fasta(1, 2, 300))
  await writeFile(file('reads.fa'), fasta(1, 30, 39))
  const genome = await trained({ ...base, in_tr_data_dir: file('genome.fna') })
  t.match(
    genome.notes[2],
    /training fragments of 20 bases from the records of .*genome\.fna \(1 genus, 600 bases\)/,
  )
  t.equal(genome.notes[3], 'no validation reads')
  t.notOk('val_loss' in genome.lines[0])
  const reads = await trained({ ...base, in_tr_data_dir: file('reads.fa') })
  t.equal(reads.notes[2], 'training reads: 30 of 20 bases')
  const refused = await trained({ ...base, in_tr_data_dir: file('reads.fa'), windows: 2 }).catch(
    (error: Error) => error.message,
  )
  t.match(String(refused), /windows 2: the reads of .*reads\.fa have one length; give genomes to sample/)
  await rm(folder, { recursive: true })
})

test('trainFromSettings: validation is what there is', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'xenograd-settings-'))
  const settings = await tinySettings(folder)
  const lossOnly = await trained({ ...settings, ood_val_data_dir: '' })
  t.ok(
    lossOnly.lines.every(line => 'val_loss' in line && !('auroc' in line)),
    'a loss without others',
  )
  t.match(lossOnly.notes[3], /40 in-distribution, 0 out-of-distribution/)
  const { in_val_data_dir, ood_val_data_dir } = defaults
  const absent = await trained({ ...settings, in_val_data_dir, ood_val_data_dir, fresh: true })
  t.equal(absent.notes[3], 'no validation reads', 'default folders that are not there')
  const message = (change: Partial<Settings>) =>
    trained({ ...settings, ...change }).catch((error: Error) => `${error.name} ${error.message}`)
  t.equal(
    await message({ ood_val_data_dir: '/nowhere' }),
    'SettingsError ood_val_data_dir: /nowhere: no such file or folder',
  )
  t.equal(await message({ genomes: '/nowhere' }), 'SettingsError genomes: /nowhere: no such file or folder')
  t.match(
    String(await message({ ...withoutValidation, patience: 2 })),
    /patience 2: there is no validation to stop by/,
  )
  await rm(folder, { recursive: true })
})
