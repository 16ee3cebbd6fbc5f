import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import test from 'tape'
import { xenogradProgram } from '../../cli/program.js'
import { summarySchema } from '../../cli/summary.js'
import { syntheticReads, writeReads } from '../../data/index.js'
import { startFakeNcbi } from '../data/fetch/server.js'
import { scratch, tinyModel, xenograd } from './support.js'

type Json = Readonly<Record<string, unknown>>

/** The same schema, with no fields but those that it names: what a summary has beside them must be in the schema. */
const closed = (schema: Json): Json => {
  const children = Object.entries(schema).map(([name, child]) => [
    name,
    isJson(child) ? closed(child) : child,
  ])
  const isOpen = isJson(schema.properties) && schema.type === 'object'
  return { ...Object.fromEntries(children), ...(isOpen && { additionalProperties: false }) }
}

const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isSummary = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(
  closed(summarySchema(xenogradProgram())),
)
/** What is wrong with a summary of a command; nothing, or lines. */
const errorsOf = (summary: Json): string[] => {
  const isRight: boolean = isSummary(summary)
  if (isRight) return []
  const path = `#/$defs/${summary.command}/`
  const errors = isSummary.errors ?? []
  const own = errors.filter(({ schemaPath }) => schemaPath.startsWith(path))
  return (own.length ? own : errors).map(
    error => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
  )
}

test('--json - of every command is one object of JSON on standard output, and nothing else', async t => {
  const folder = scratch()
  const path = (name: string) => join(folder, name)
  const [reads, others, genome, model] = [
    path('in.fa'),
    path('ood.fa'),
    path('genome.fa'),
    await tinyModel(folder),
  ]
  await writeReads(reads, syntheticReads({ split: 'in_tr', count: 40, length: 30, seed: 1 }))
  await writeReads(others, syntheticReads({ split: 'ood_val', count: 40, length: 30, seed: 1 }))
  await writeReads(genome, syntheticReads({ split: 'in_tr', count: 1, length: 3000, seed: 2 }))
  writeFileSync(path('MANIFEST.tsv'), `file\tgenus\tset\tpart\ngenome.fa\tAa\tID\ttrain:0-0.7;val:0.7-1\n`)
  mkdirSync(path('tuned'))
  const server = await startFakeNcbi()
  const data = [`--in_tr_data_dir=${reads}`, `--in_val_data_dir=${reads}`, `--ood_val_data_dir=${others}`]
  const small = ['--num_steps=2', '--seq_len=30', '--batch_size=4', '-q']
  /** How each command is called, and what its summary says. */
  const calls: Readonly<Record<string, readonly [args: readonly string[], facts: object]>> = {
    train: [
      [...data, ...small, '--hidden_lstm_size=3', `--out_dir=${path('out')}`],
      { step: 1, interrupted: false },
    ],
    tune: [
      [
        ...[...data, ...small, '--hidden-sizes=3', '--mutation-rates=0,0.1', '--reg-weights=0'],
        `--out_dir=${path('tuned')}`,
      ],
      { folder: path('tuned') },
    ],
    'train-classifier': [
      [
        ...[...data, ...small, '--num_motifs=3', '--len_motifs=4', '--hidden_dense_size=3'],
        `--out_dir=${path('classes')}`,
      ],
      { step: 1, interrupted: false },
    ],
    fit: [
      ['kmers:k=4', '--reads', reads, '-o', path('fitted.safetensors'), '-q'],
      { detector: path('fitted.safetensors') },
    ],
    calibrate: [
      ['-m', model, reads, '--lengths=20', '-o', path('calibrated.safetensors'), '-q'],
      { detector: path('calibrated.safetensors'), bothStrands: false },
    ],
    score: [
      ['-m', path('calibrated.safetensors'), reads, '-o', path('scores.tsv'), '-q'],
      { reads: 40, bases: 1200, undefinedScores: 0 },
    ],
    evaluate: [
      ['-m', model, '--in', reads, '--ood', others, '--replicates=0', '-q'],
      { inDistribution: { reads: 40, dropped: 0 } },
    ],
    sample: [
      [path('MANIFEST.tsv'), path('sampled'), '--per-genus=2', '--held-out=2', '--length=30', '-q'],
      { folder: path('sampled') },
    ],
    fetch: [
      ['GCF_000000001.1', '--email=me@example.org', '-o', path('genomes'), '--base-url', server.url, '-q'],
      { fetched: 1, kept: 0 },
    ],
    convert: [[model, path('converted.safetensors')], { from: model }],
    info: [[model], {}],
    check: [['--device', 'reference'], { passed: true }],
    completion: [['bash'], { shell: 'bash' }],
  }
  try {
    for (const command of xenogradProgram().commands.map(command => command.name())) {
      if (!calls[command]) {
        t.fail(`say in this test how ${command} is called`)
        continue
      }
      const [args, facts] = calls[command]
      const { code, stdout, stderr } = await xenograd([command, ...args, '--json', '-'])
      t.equal(code, 0, `${command}: ${stderr}`)
      const summary = JSON.parse(stdout)
      t.equal(summary.command, command)
      t.match(summary.xenograd, /^\d+\.\d+\.\d+/)
      t.ok(Object.keys(summary).length > 2, 'it says something')
      t.deepEqual(errorsOf(summary), [], `${command}: the summary is what the schema says`)
      for (const [name, value] of Object.entries(facts))
        t.deepEqual(summary[name], value, `${command}: ${name}`)
    }
  } finally {
    await server.close()
  }
})

test('the schema of summaries refuses what is none', t => {
  const summary = { xenograd: '1.0.0', command: 'fetch', folder: 'x', fetched: 1, kept: 0 }
  t.deepEqual(errorsOf(summary), [])
  const wrong: Readonly<Record<string, Json>> = {
    'a field is missing': { xenograd: '1.0.0', command: 'fetch', folder: 'x', fetched: 1 },
    'a field too many': { ...summary, more: 1 },
    'another type': { ...summary, kept: '0' },
    'no command': { ...summary, command: 'nosuch' },
    'of another command': { ...summary, command: 'info' },
  }
  for (const [name, value] of Object.entries(wrong)) t.ok(errorsOf(value).length > 0, name)
  t.end()
})

test('summaries of rarer calls are what the schema says, too', async t => {
  const folder = scratch()
  const scores = join(folder, 'scores.tsv')
  const rows = ['in', 'ood'].flatMap(set =>
    Array.from(
      { length: 20 },
      (_, i) => `r${i}\t${set}\tGenus${set}${i % 3}\t${i % 7}\t${i % 5}\t${100 + 10 * i}\t0.${i + 10}`,
    ),
  )
  writeFileSync(scores, `read\tset\tgenus\tfirst\tsecond\tlength\tgc\n${rows.join('\n')}\n`)
  const call = ['evaluate', '--scores-tsv', scores, '--near', 'Genusood1', '--replicates=5', '-q']
  const { stdout, stderr } = await xenograd([...call, '--json', '-'])
  t.deepEqual(errorsOf(JSON.parse(stdout)), [], stderr)
  t.match(JSON.parse(stdout).tables, /scores\.tsv$/)
})
