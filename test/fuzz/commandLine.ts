/** The command line, as a process: commands with options of any kind and value, on sound and on damaged files. */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { tinyModel } from '../cli/support.js'
import { targets } from './campaign.js'
import { type Mutation, mutations } from './mutation.js'
import { pickOf } from './targets.js'
import { checkMessage } from './verdict.js'

const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

/** Seconds that a command may take before it counts as hanging. */
const patience = 120

/** How a command is tried. */
type Trial = {
  /** What it is given last, so that it does not take long, reach the network or leave its folder. */
  readonly always: readonly string[]
  /** What people give it; others follow. */
  readonly usual: readonly (readonly string[])[]
}

const noValidation = ['--in_val_data_dir=', '--ood_val_data_dir=']

/** Every command. One that is not here fails the test: whoever adds it says how it is tried. */
const trials: Readonly<Record<string, Trial>> = {
  train: {
    always: ['--num_steps=2', '--hidden_lstm_size=4', '--seq_len=8', '--batch_size=2', '--out_dir=out'],
    usual: [
      ['--in_tr_data_dir=reads.fa', ...noValidation],
      ['--in_tr_data_dir=damaged0', ...noValidation],
      ['--in_tr_data_dir=reads.fq', '--in_val_data_dir=damaged0', '--ood_val_data_dir=reads.fa'],
      ['--init=damaged0', '--in_tr_data_dir=reads.fa', ...noValidation],
      ['--in_tr_data_dir=reads.fa', '--tensorboard', '--tensorboard-histograms=1', ...noValidation],
      [],
    ],
  },
  tune: {
    always: [
      ...['--num_steps=2', '--hidden_lstm_size=4', '--seq_len=8', '--batch_size=2', '--out_dir=out'],
      ...['--mutation-rates=0,0.1', '--reg-weights=0', '--hidden-sizes=4', '--processes=1'],
    ],
    usual: [
      ['--in_tr_data_dir=reads.fa', '--in_val_data_dir=reads.fa', '--ood_val_data_dir=damaged0'],
      ['--in_tr_data_dir=reads.fa'],
    ],
  },
  sample: {
    always: ['--per-genus=2', '--held-out=1', '--length=8'],
    usual: [['damaged0', 'out'], ['manifest.tsv', 'out'], ['manifest.tsv', 'old.txt'], []],
  },
  fetch: {
    // A port that nobody listens to: the network is out of reach.
    always: ['--base-url=http://127.0.0.1:9', '--email=me@example.org', '-o', 'out', '--manifest=damaged0'],
    usual: [[], ['../x']],
  },
  'train-classifier': {
    always: [
      ...['--num_steps=2', '--seq_len=8', '--batch_size=2', '--out_dir=out'],
      ...['--num_motifs=4', '--len_motifs=4', '--hidden_dense_size=4'],
    ],
    usual: [
      ['--in_tr_data_dir=reads.fa', ...noValidation],
      ['--in_tr_data_dir=damaged0', '--in_val_data_dir=reads.fa', '--ood_val_data_dir=reads.fq'],
    ],
  },
  fit: {
    always: ['--lengths=8', '--per-genus=2', '-o', 'new.safetensors'],
    usual: [
      ['kmers:k=4', 'markov:order=2', '--reads', 'damaged0'],
      ['kmers:k=4', '--genomes', 'damaged0'],
      ['kmers:k=4', '--reads', 'reads.fa', '--add-to', 'damaged0'],
      ['kmers:k=4', 'mlr:order=1', 'weightedSum:of=kmers4+mlr1', '--genomes', 'manifest.tsv'],
      ['damaged0'],
    ],
  },
  calibrate: {
    always: ['--lengths=8', '--fragments=20', '-o', 'new.safetensors'],
    usual: [
      ['-m', 'model.safetensors', '--genomes', 'manifest.tsv'],
      ['-m', 'damaged0', 'reads.fa'],
      ['-m', 'model.safetensors', 'damaged0'],
    ],
  },
  score: {
    always: [],
    usual: [
      ['-m', 'model.safetensors', 'damaged0'],
      ['-m', 'damaged0', 'reads.fa'],
      ['-m', 'model.safetensors', '-b', 'damaged0', 'reads.fq', 'damaged1'],
      ['-m', 'model.safetensors', '-b', 'other.safetensors', 'damaged0', 'damaged1', '-o', 'old.tsv'],
      ['-m', 'model.safetensors', 'reads.fa', '-o'],
      ['-m', 'model.safetensors', 'damaged0', '--multiqc', 'out', '--sample', 'a'],
    ],
  },
  evaluate: {
    always: ['--replicates=10'],
    usual: [
      ['-m', 'model.safetensors', '--in', 'reads.fa', '--ood', 'damaged0'],
      ['-m', 'damaged0', '-b', 'damaged1', '--in', 'reads.fa', '--ood', 'reads.fq'],
      [
        '-m',
        'model.safetensors',
        '--in',
        'reads.fa',
        '--ood',
        'reads.fq',
        '--json',
        'new.json',
        '--plot',
        'new.svg',
      ],
    ],
  },
  convert: {
    always: [],
    usual: [
      ['damaged0', 'new.safetensors'],
      ['model.safetensors', 'new.ckpt'],
      ['model.safetensors', 'new.onnx'],
      ['damaged0', 'new.safetensors', '--layout', 'torch'],
      ['damaged0', 'old.tsv', '--force'],
      ['damaged0', 'new.csv'],
    ],
  },
  info: { always: [], usual: [['damaged0'], ['model.safetensors'], []] },
  check: { always: [], usual: [['--device', 'reference'], ['--device'], ['--config', 'damaged0'], []] },
  completion: { always: [], usual: [['bash'], ['csh'], []] },
}

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** Runs the command line in a folder. The code is null where it was ended by a signal, our own after `patience` included. */
function run(args: readonly string[], cwd: string): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), 1000 * patience)
  const [stdout, stderr]: Buffer[][] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => {
      clearTimeout(timer)
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() })
    })
  })
}

/** The commands, and the options of each, as their help says. */
export async function commands(): Promise<Map<string, string[]>> {
  const help = await run(['--help'], '.')
  const names = [
    ...help.stdout.matchAll(
      /^ {2}([a-z][a-z-]*) .*\[options\]|^ {2}([a-z][a-z-]*) +<|^ {2}([a-z][a-z-]*) +\[/gm,
    ),
  ]
    .map(([, ...groups]) => groups.find(Boolean) ?? '')
    .filter(name => name !== 'help')
  const options = new Map<string, string[]>()
  for (const name of names) {
    if (!trials[name])
      throw new Error(`the fuzzer does not know the command '${name}': add it to ${import.meta.url}`)
    const text = (await run([name, '--help'], '.')).stdout
    options.set(
      name,
      [...text.matchAll(/^ {2,}(?:-\w, )?(--[a-z][\w-]*)/gm)].map(([, option]) => option),
    )
  }
  return options
}

/** Names that the sound and the damaged files have, and others that there are not. */
const paths = [
  ...[
    'reads.fa',
    'reads.fq',
    'reads.fa.gz',
    'model.safetensors',
    'other.safetensors',
    'folder',
    'old.txt',
    'old.tsv',
  ],
  ...[
    'damaged0',
    'damaged1',
    'damaged2',
    'damaged0',
    'damaged1',
    'damaged2',
    'damaged',
    'new.safetensors',
    'new.ckpt',
  ],
  ...[
    'no such file',
    '',
    '-',
    '/dev/null',
    'new.tsv',
    'new.json',
    'new.svg',
    'new.tsv.gz',
    'no/folder/new.tsv',
  ],
]

const values = fc.oneof(
  fc.constantFrom(...paths),
  fc.constantFrom(
    '0',
    '1',
    '2',
    '-1',
    '1e9',
    '1.5',
    'NaN',
    'Infinity',
    'x',
    'auto',
    'off',
    'genus',
    'wasm',
    'true',
  ),
  fc.constantFrom('\x1b[2J', '\u202e', "'", '../x', '--help', '--', 'name=value', 'threads=2', '__proto__=1'),
)

/** A command line: the command's number, which of its usual arguments come first, more (numbers are options), and damage for the files. */
export type Invocation = {
  readonly command: number
  readonly usual: number
  readonly args: readonly (string | number)[]
  readonly damage: readonly {
    readonly target: number
    readonly pick: number
    readonly changes: readonly Mutation[]
  }[]
}

export const invocations: fc.Arbitrary<Invocation> = fc.record({
  command: fc.nat(999),
  usual: fc.nat(999),
  args: fc.oneof(fc.constant([]), fc.array(fc.oneof(fc.nat(999), values), { minLength: 1, maxLength: 4 })),
  damage: fc.array(
    fc.record({ target: fc.nat(targets.length - 1), pick: fc.nat(1023), changes: mutations }),
    { minLength: 3, maxLength: 3 },
  ),
})

const reads = '>a genus=X\nACGTACGTAC\n>b\nGGTTNACGTTT\n>c\nACGTACGTACGTACGT\n'

/** Makes a folder with the files that commands are tried on. */
export async function makeFolder(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-fuzz-'))
  writeFileSync(join(folder, 'reads.fa'), reads)
  writeFileSync(join(folder, 'reads.fq'), '@a\nACGTACGTAC\n+\nIIIIIIIIII\n@b\nACG\n+\nIII\n')
  writeFileSync(join(folder, 'reads.fa.gz'), gzipSync(reads))
  writeFileSync(
    join(folder, 'manifest.tsv'),
    'file\tgenus\tset\tpart\nreads.fa\tX\tID\ttrain:0-0.5;val:0.5-1\nreads.fa.gz\tY\tOOD\tval:0-1\n',
  )
  mkdirSync(join(folder, 'folder'))
  for (const name of ['old.txt', 'old.tsv']) writeFileSync(join(folder, name), 'what was there before\n')
  await tinyModel(folder, { name: 'model.safetensors' })
  await tinyModel(folder, { name: 'other.safetensors', seed: 2 })
  return folder
}

/** The arguments of an invocation. */
export function argumentsOf(
  { command, usual, args }: Invocation,
  known: ReadonlyMap<string, string[]>,
): string[] {
  const [name, options] = pickOf([...known], command)
  const trial = trials[name]
  const more = args.map(arg => (typeof arg === 'string' ? arg : pickOf(options, arg)))
  return [name, ...pickOf(trial.usual, usual), ...more, ...trial.always]
}

/** Runs a command line in a copy of `folder`. @throws Error unless it ends as every command should. */
export async function tryInvocation(
  invocation: Invocation,
  known: ReadonlyMap<string, string[]>,
  folder: string,
): Promise<void> {
  const args = argumentsOf(invocation, known)
  const copy = mkdtempSync(join(tmpdir(), 'xenograd-fuzz-'))
  try {
    cpSync(folder, copy, { recursive: true })
    for (const [i, { target, pick, changes }] of invocation.damage.entries())
      writeFileSync(join(copy, `damaged${i}`), await targets[target].make(changes, pick))
    checkEnd(args, await run(args, copy), copy)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** Rows of a table of scores have numbers or NA. */
const row = /^[^\t]+\t\d+\t(NA|[01]\.\d{4})(\t(NA|-?\d+\.\d+(e[+-]\d+)?))*$/

function checkEnd(args: readonly string[], { code, stdout, stderr }: Ended, folder: string): void {
  const fail = (what: string): never => {
    throw new Error(`${what}: xenograd ${JSON.stringify(args)}\n${stderr.slice(-2000)}`)
  }
  if (code === null) fail(`ended by a signal, or after ${patience} s`)
  if (![0, 1, 2, 3].includes(code ?? -1)) fail(`exit code ${code}`)
  if (/^\s+at .*[(:]\d|node:internal|UnhandledPromise/m.test(stderr)) fail('a stack trace')
  for (const line of stderr.split('\n')) checkMessage(line)
  if (code !== 0 && stderr.trim() === '' && !/FAIL/.test(stdout)) fail(`exit code ${code} without a word`)
  if (args[0] === 'score' && stdout.startsWith('#'))
    for (const line of stdout.trimEnd().split('\n').slice(1))
      if (!row.test(line)) fail(`the row ${JSON.stringify(line)}`)
  if (code !== 0)
    for (const name of ['old.txt', 'old.tsv'])
      if (readFileSync(join(folder, name), 'utf8') !== 'what was there before\n') fail(`${name} was lost`)
}

/**
 * Tries so many command lines, which `seed` decides, two at a time. Returns what the first that failed did wrong, made as
 * small as possible.
 */
export async function tryCommands(runs: number, seed: number): Promise<string | undefined> {
  const [known, folder] = [await commands(), await makeFolder()]
  try {
    // Two in turns make use of two cores; each property runs one after the other.
    const halves = [Math.ceil(runs / 2), Math.floor(runs / 2)].map((numRuns, half) =>
      fc.check(
        fc.asyncProperty(invocations, invocation => tryInvocation(invocation, known, folder)),
        { numRuns, seed: seed + half },
      ),
    )
    for (const { failed, errorInstance } of await Promise.all(halves))
      if (failed) return errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
    return undefined
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
