import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { syntheticReads, writeReads } from '../../data/index.js'
import { sharedPath } from '../shared.js'
import { type Ended, rowsOf, scratch, xenograd } from './support.js'

// The two jobs that every device must do as the others do, through the command line.

/** Score the reference's test reads with its model; the largest difference to its likelihoods, in nats per base. */
export async function scoreReference(options: readonly string[]): Promise<Ended & { worst: number }> {
  const oracle = (name: string) => sharedPath(`data/tf1-oracle/${name}`)
  // The reference computed its likelihoods from the first 125 bases of each read.
  const text = await readFile(oracle('test_data.fa'), 'utf8')
  const reads = text.split('>').slice(1)
  const cut = reads.map(record => {
    const [name, ...bases] = record.split('\n')
    return `>${name.trim()}\n${bases.join('').slice(0, 125)}\n`
  })
  const expected = (await readFile(oracle('lstm_ll_class0.txt'), 'utf8')).trim().split('\n').map(Number)
  const ended = await xenograd(['score', ...options, '-m', oracle('model/model_900.ckpt')], cut.join(''))
  const actual = rowsOf(ended.stdout).map(row => Number(row[3]))
  const worst = Math.max(...expected.map((x, i) => Math.abs(x - actual[i])))
  return { ...ended, worst: actual.length === expected.length ? worst : Number.POSITIVE_INFINITY }
}

/** A folder of synthetic reads to train on. */
export async function trainingReads(): Promise<string> {
  const folder = join(scratch(), 'in_tr')
  await mkdir(folder)
  const reads = syntheticReads({ split: 'in_tr', count: 300, length: 30, seed: 3 })
  await writeReads(join(folder, 'in_tr.tfrecord'), reads)
  return folder
}

/** Train 50 steps on `reads` with dropout, mutations and a regulariser; the losses, and where the run is. */
export async function trainFifty(
  reads: string,
  options: readonly string[],
  out = scratch(),
): Promise<Ended & { losses: number[]; run: string }> {
  const data = [`--in_tr_data_dir=${reads}`, '--in_val_data_dir=', '--ood_val_data_dir=', '--seq_len=30']
  const length = ['--num_steps=50', '--val_freq=20', '--log_freq=1']
  const model = ['--hidden_lstm_size=12', '--batch_size=20', '--learning_rate=0.01']
  const regularised = ['--mutation_rate=0.1', '--dropout_rate=0.2', '--reg_weight=1e-4']
  const ended = await xenograd([
    'train',
    `--out_dir=${out}`,
    ...data,
    ...length,
    ...model,
    ...regularised,
    ...options,
  ])
  const [name] = await readdir(out)
  const run = join(out, name)
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n').filter(Boolean)
  return { ...ended, run, losses: lines.map(line => (JSON.parse(line) as { loss: number }).loss) }
}

/** The largest relative difference between two lists of losses; infinite when one is shorter. */
export const worstLoss = (expected: readonly number[], actual: readonly number[]): number =>
  expected.length === actual.length
    ? Math.max(...expected.map((x, i) => Math.abs(x - actual[i]) / x))
    : Number.POSITIVE_INFINITY
