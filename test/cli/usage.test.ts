import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { dashedNames } from '../../cli/options.js'
import { formatSeconds } from '../../cli/progress.js'
import { scratch, tinyModel, xenograd } from './support.js'

test('usage: what is wrong and what was meant, in a line, exit code 2', async t => {
  const cases: [args: string[], message: RegExp][] = [
    [['scor'], /unknown command 'scor' \(Did you mean score\?\)/],
    [
      ['score', '-m', 'x', '--foregruond', 'y'],
      /unknown option '--foregruond' \(Did you mean --foreground\?\)/,
    ],
    [['calibrate', '-m', 'x'], /required option '-o, --output <out>' not specified/],
    [
      ['score', '-m', 'x', '--batch', 'many'],
      /'--batch <n>' argument 'many' is invalid\. Give a whole number, 1 or more/,
    ],
    [['score', '-m', 'x', '--device', 'abacus'], /'abacus' is invalid\. Allowed choices are wasm, reference/],
    [['check', '--device', 'abacus'], /Allowed choices are wasm, reference/],
    [['evaluate', '-m', 'x', '--in', 'a'], /--ood is missing/],
    [['evaluate', '-m', 'x', '--model_dir_frgd', 'y'], /cannot be used with option/],
    [['convert', 'a', 'b.txt'], /b\.txt: .* must end in \.safetensors, \.ckpt, \.onnx, \.csv or \.tsv/],
    [['convert', 'a'], /missing required argument 'out'/],
    [
      ['convert', 'a', 'b.onnx', '--layout', 'torch'],
      /--layout torch is of safetensors files; b\.onnx must end in/,
    ],
    [['convert', 'a', 'b.safetensors', '--layout', 'jax'], /--layout.*torch/],
  ]
  const runs = await Promise.all(cases.map(([args]) => xenograd(args)))
  for (const [i, { code, stdout, stderr }] of runs.entries()) {
    t.equal(code, 2, cases[i][0].join(' '))
    t.match(stderr, cases[i][1])
    t.match(stderr, /^xenograd: .*\n$/)
    t.equal(stdout, '')
  }
})

test('usage: help and version', async t => {
  const [version, help, score, bare] = await Promise.all([
    xenograd(['--version']),
    xenograd(['--help']),
    xenograd(['score', '--help']),
    xenograd([]),
  ])
  const { version: number } = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  )
  t.equal(version.code, 0)
  t.ok(version.stdout.startsWith(number), version.stdout)
  t.equal(help.code, 0)
  for (const name of [
    'train',
    'tune',
    'sample',
    'score',
    'calibrate',
    'evaluate',
    'convert',
    'info',
    'check',
  ])
    t.ok(help.stdout.includes(`\n  ${name} `))
  t.equal(score.code, 0)
  t.match(score.stdout, /Lower case is accepted, U is T/)
  t.match(score.stdout, /Higher = in-distribution/)
  t.match(score.stdout, /mean nats per predicted base/)
  t.equal(bare.code, 2)
  t.equal(bare.stdout, '')
})

test('score without a model: the detector of the package, which says what it knows', async t => {
  const shipped = new URL('../../../model/shipped/detector.safetensors', import.meta.url)
  const { code, stdout, stderr } = await xenograd(['score'], `>a\n${'ACGT'.repeat(50)}\n`)
  if (existsSync(shipped)) {
    t.equal(code, 0, stderr)
    t.match(stderr, /knows \d+ genera: /)
    t.match(stdout, /^#read\tlength\tgc\t.*\tp\tcall\na\t200\t/)
  } else {
    t.equal(code, 1)
    t.match(
      stderr,
      /^xenograd: .*detector\.safetensors: .* missing in this copy of the package; name a model/,
    )
  }
})

test('a model that is missing, damaged or foreign: one line, exit code 1', async t => {
  const folder = scratch()
  const model = await tinyModel(folder)
  const cut = join(folder, 'cut.safetensors')
  writeFileSync(cut, readFileSync(model).subarray(0, -5))
  const missing = join(folder, 'missing.safetensors')
  const [absent, damaged, prefix, empty, noCell] = await Promise.all([
    xenograd(['score', '-m', missing], '>a\nACGT\n'),
    xenograd(['info', cut]),
    xenograd(['convert', join(folder, 'model_1.ckpt'), join(folder, 'x.safetensors')]),
    xenograd(['evaluate', '-m', scratch(), '--in', model, '--ood', model]),
    xenograd(['score', '-m', model, '--cell', 'nothing']),
  ])
  for (const { code, stdout, stderr } of [absent, damaged, prefix, empty, noCell]) {
    t.equal(code, 1, stderr)
    t.match(stderr, /^xenograd: .*\n$/)
    t.equal(stdout, '')
  }
  t.ok(absent.stderr.includes(`${missing}: no such file`))
  t.match(prefix.stderr, /model_1\.ckpt\.index/)
  t.match(empty.stderr, /no checkpoint in this folder/)
})

test('names of options may have underscores, values keep theirs', t => {
  t.deepEqual(dashedNames(['--in_test_data_dir', 'a_b', '--a_b=c_d', '-x_y', '--', '--e_f']), [
    '--in-test-data-dir',
    'a_b',
    '--a-b=c_d',
    '-x_y',
    '--',
    '--e_f',
  ])
  t.end()
})

test('times are short', t => {
  t.deepEqual([0, 59.4, 59.6, 3599, 3600, 90_061].map(formatSeconds), [
    '0s',
    '59s',
    '1m00s',
    '59m59s',
    '1h00m',
    '25h01m',
  ])
  t.end()
})
