import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { applyConfigFile } from '../../cli/configFile.js'
import { exitCodeOf } from '../../cli/failure.js'
import { xenogradProgram } from '../../cli/program.js'
import { syntheticReads, writeReads } from '../../data/index.js'
import { scratch, xenograd } from './support.js'

const folder = scratch()

/** Writes a configuration file; returns its path. */
function config(content: string, name = 'config.yml'): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** What a command makes of a configuration file, before the command line's other options. */
async function optionsFrom(name: string, content: string, ...args: string[]) {
  const command = xenogradProgram().commands.find(command => command.name() === name)!
  await applyConfigFile(command, ['--config', config(content), ...args])
  return command.opts()
}

test('a configuration has options by their names, in YAML or JSON, as the command line would take them', async t => {
  const yaml = await optionsFrom(
    'evaluate',
    'in: [a.fa, b.fa]\nood:\n  - c.fa # known\nboth_strands: true\nbatch: 7\nscores: [x, y]\nnear:\nquiet: false\n',
  )
  t.deepEqual(yaml.in, ['a.fa', 'b.fa'])
  t.deepEqual(yaml.ood, ['c.fa'])
  t.equal(yaml.bothStrands, true)
  t.equal(yaml.batch, 7)
  t.deepEqual(yaml.scores, ['x', 'y'], 'lists that have commas on the command line')
  t.equal(yaml.near, undefined)
  t.equal(yaml.quiet, undefined)
  const json = await optionsFrom('calibrate', '{"add": ["a", "b"], "lengths": [250, 100], "output": "o"}')
  t.deepEqual(json.add, ['a', 'b'])
  t.deepEqual(json.lengths, [100, 250])
  const settings = await optionsFrom('train', 'norm_lstm: false\nlearning-rate: 1e-3\ncell: gru\n')
  t.equal(settings.normLstm, false)
  t.equal(settings.learningRate, 1e-3)
  t.equal(settings.cell, 'gru')
  const given = await optionsFrom('evaluate', 'in: [a.fa]\n', '--in', 'z.fa')
  t.equal(given.in, undefined, 'a list is not added to')
  t.deepEqual((await optionsFrom('train', '')).hiddenLstmSize, 2000)
})

test('a configuration that makes no sense is refused by file and name', async t => {
  const cases: [command: string, content: string, code: number, message: RegExp][] = [
    ['train', 'num_step: 3', 2, /config\.yml: 'num_step' is no option that xenograd train takes from a file/],
    ['train', 'config: other.yml', 2, /'config' is no option/],
    ['score', 'batch: many', 2, /config\.yml: batch: 'many' is invalid\. Give a whole number/],
    ['score', 'paired: 3', 2, /paired: got 3; give true or false/],
    ['score', 'input: [{a: 1}]', 2, /input: got \{"a":1\}; give a text/],
    ['score', 'input: []', 2, /input: is an empty list/],
    ['score', 'batch: 1\nbatch: 2', 3, /config\.yml line 2: Map keys must be unique/],
    ['score', '{"batch": 1', 3, /config\.yml line \d: Flow map/],
    ['score', '- batch', 3, /wanted options by their names/],
  ]
  for (const [command, content, code, message] of cases)
    try {
      await optionsFrom(command, content)
      t.fail(content)
    } catch (error) {
      t.equal(exitCodeOf(error), code, content)
      t.match((error as Error).message, message)
    }
  const absent = await xenograd(['score', '--config', join(folder, 'absent.yml')])
  t.equal(absent.code, 3)
  t.match(absent.stderr, /^xenograd: .*absent\.yml: no such file\n$/)
})

test('no option of a configuration names code', async t => {
  const ran = join(folder, 'ran')
  const evil = config(`require('node:fs').writeFileSync(${JSON.stringify(ran)}, '')\n`, 'evil.cjs')
  const library = join(folder, 'evil.so')
  const loading = xenogradProgram().commands.flatMap(command =>
    command.options
      .filter(
        ({ long, description }) =>
          long !== '--config' &&
          /\.js (or \.ts )?file|library|option of the device|cell/.test(`${long} ${description}`),
      )
      .map(({ long }) => ({ command: command.name(), name: long!.slice(2) })),
  )
  t.ok(['cell', 'device', 'blas', 'device-option'].every(code => loading.some(({ name }) => name === code)))
  for (const { command, name } of loading) {
    const values = [evil, library, `blas=${library}`]
    for (const value of values)
      try {
        await optionsFrom(command, JSON.stringify({ [name]: value }))
        // What cannot load anything (--hidden_lstm_size) refuses a text in its own way.
        t.fail(`${command} --${name} ${value} was taken`)
      } catch (error) {
        t.equal(exitCodeOf(error), 2, `${command} --${name}`)
      }
  }
  t.notOk(existsSync(ran))
})

test("a run's own params.json is a configuration: the same command goes on; it never starts anew by itself", async t => {
  const reads = join(folder, 'reads.fa')
  await writeReads(reads, syntheticReads({ split: 'in_tr', count: 20, length: 12, seed: 1 }))
  const out = join(folder, 'out')
  const file = config(
    JSON.stringify({
      ...{
        in_tr_data_dir: reads,
        out_dir: out,
        hidden_lstm_size: 3,
        num_steps: 3,
        seq_len: 12,
        batch_size: 2,
      },
      ...{ quiet: true },
    }),
  )
  const first = await xenograd(['train', '--config', file, '--fresh'])
  t.equal(first.code, 0, first.stderr)
  const run = join(out, readdirSync(out)[0])
  t.match(readFileSync(join(run, 'run.txt'), 'utf8'), /^xenograd \d+\.\d+\.\d+/m)
  const again = await xenograd(['train', '--config', join(run, 'params.json'), '--num_steps=5'])
  t.equal(again.code, 0, again.stderr)
  t.match(again.stderr, /params\.json: fresh is left out; only the command line starts a run anew/)
  t.match(again.stderr, /goes on at step 3/)
})
