import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { metricsTable } from '../../cli/runMetrics.js'
import { syntheticReads, writeReads } from '../../data/index.js'
import { RunDirectory } from '../../model/index.js'
import { testPython } from '../python.js'
import { scratch, xenograd } from './support.js'

const folder = scratch()
const path = (name: string) => join(folder, name)

/** Reads the file on the first line of standard input as CSV, and prints its rows as JSON. */
writeFileSync(
  path('read.py'),
  'import csv, json, sys\nprint(json.dumps(list(csv.DictReader(open(json.load(sys.stdin), newline="")))))\n',
)

testPython("a run's metrics as CSV are those of metrics.jsonl", ['csv', 'json'], async (t, python) => {
  await writeReads(path('in.fa'), syntheticReads({ split: 'in_tr', count: 40, length: 30, seed: 1 }))
  await writeReads(path('ood.fa'), syntheticReads({ split: 'ood_val', count: 40, length: 30, seed: 1 }))
  const reads = [`--in_tr_data_dir=${path('in.fa')}`, `--in_val_data_dir=${path('in.fa')}`]
  const small = [
    '--num_steps=6',
    '--val_freq=3',
    '--log_freq=1',
    '--seq_len=30',
    '--hidden_lstm_size=3',
    '-q',
  ]
  const train = [
    'train',
    ...reads,
    `--ood_val_data_dir=${path('ood.fa')}`,
    ...small,
    '--out_dir',
    path('out'),
  ]
  const { run } = JSON.parse((await xenograd([...train, '--json', '-'])).stdout)
  const { code, stdout, stderr } = await xenograd(['convert', path('out'), path('m.csv'), '--json', '-'])
  t.equal(code, 0, stderr)
  t.equal(JSON.parse(stdout).lines, 6)
  const lines = await (await RunDirectory.open(run)).readMetrics()
  const rows = python(path('read.py'), path('m.csv')) as Record<string, string>[]
  const asTexts = lines.map(({ auroc_ci, ...line }) => {
    const [low, high] = Array.isArray(auroc_ci) ? auroc_ci : []
    return Object.entries({ ...line, auroc_ci_low: low, auroc_ci_high: high }).filter(
      ([, x]) => x !== undefined,
    )
  })
  for (const [i, row] of rows.entries())
    t.deepEqual(
      Object.fromEntries(Object.entries(row).filter(([, text]) => text !== '')),
      Object.fromEntries(asTexts[i].map(([name, value]) => [name, String(value)])),
      `step ${row.step}`,
    )
  t.equal(rows.length, 6)
  t.match((await xenograd(['convert', path('out'), path('m.csv')])).stderr, /exists already/)
  t.match((await xenograd(['convert', path('in.fa'), path('n.csv')])).stderr, /metrics\.jsonl|run/)
})

test('a table of metrics has a column for each, also for those that come later', t => {
  const table = metricsTable(
    [
      { step: 0, loss: 1.5 },
      { step: 1, auroc_ci: [0.25, 0.75], loss: 1 },
    ],
    '\t',
  )
  t.equal(table, 'step\tloss\tauroc_ci_low\tauroc_ci_high\n0\t1.5\t\t\n1\t1\t0.25\t0.75\n')
  t.equal(metricsTable([], ','), '\n')
  t.end()
})
