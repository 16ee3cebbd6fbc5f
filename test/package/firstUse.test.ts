import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import test from 'tape'
import { decode, type Read, syntheticReads, writeReads } from '../../data/index.js'
import { sharedPath, testShared } from '../shared.js'
import { installTarball, root } from './tarball.js'

// The first use of the packed package by five users: the scripts in test/firstUse, each in an empty folder, to the output
// that they promise.

const installed = installTarball(['fast-check'])
const emptyFolder = () => mkdtempSync(join(tmpdir(), 'xenograd-first-'))

/** Runs a script as a user would; what it prints on both streams. */
function run(name: string, folder: string, variables: Readonly<Record<string, string>> = {}): string {
  const script = join(root, 'test/firstUse', name)
  const path = [join(installed, 'node_modules/.bin'), process.env.PATH].join(delimiter)
  const [command, ...args] = name.endsWith('.sh') ? ['bash', script] : [process.execPath, name]
  const { stdout, stderr, status } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...variables, PATH: path },
  })
  return `${stdout}\n-- stderr\n${stderr}\n-- exit code ${status}\n`
}

/** Every line that is promised, in order. */
function promises(t: test.Test, output: string, wanted: readonly RegExp[]): void {
  let rest = output
  for (const line of wanted) {
    const match = line.exec(rest)
    t.ok(match, String(line))
    if (!match) {
      t.comment(output)
      return
    }
    rest = rest.slice(match.index + match[0].length)
  }
}

const length = 600
const synthetic = (split: 'in_tr' | 'in_val' | 'ood_val', count: number, bases = length) =>
  syntheticReads({ split, count, length: bases, seed: 3, genera: 3 })

function* asMates(mate: 1 | 2): Generator<Read> {
  for (const [kind, split] of [
    ['old', 'in_val'],
    ['new', 'ood_val'],
  ] as const)
    for (const [i, read] of [...synthetic(split, 80)].entries()) {
      const half = mate === 1 ? read.bases.subarray(0, length / 2) : read.bases.subarray(length / 2)
      const text = { title: `${kind}${i}/${mate}`, letters: decode(half), quality: 'I'.repeat(half.length) }
      yield { name: text.title, bases: half, text }
    }
}

test('a biologist: FASTQ files in a pipe', async t => {
  const folder = emptyFolder()
  await writeReads(join(folder, 'known.fa'), synthetic('in_tr', 2000))
  await writeReads(join(folder, 'held.fa'), synthetic('in_val', 600))
  await writeReads(join(folder, 'R1.fq.gz'), asMates(1))
  await writeReads(join(folder, 'R2.fq.gz'), asMates(2))
  promises(t, run('biologist.sh', folder), [
    /^table: 161 lines, 161 with pairs$/m,
    /^unknown: [1-4]\d {2}known taken for unknown: \d$/m,
    /^#read\tlength\tgc\tmlr\tp\tcall$/m,
    /^empty sample: exit code 0$/m,
    /^exit code 2$/m,
    /stdin: is empty/,
    /would replace held\.fa, which is read; give another name/,
    /exit code 0$/m,
  ])
  t.end()
})

/** Folders of short reads in the reference's layout. */
async function folderOfReads(...splits: ('in_tr' | 'in_val' | 'ood_val')[]): Promise<string> {
  const folder = emptyFolder()
  for (const split of splits) {
    mkdirSync(join(folder, split))
    await writeReads(join(folder, split, `${split}.fa`), synthetic(split, 200, 50))
  }
  return folder
}

test('a researcher with a cell of their own', async t => {
  promises(t, run('researcher.sh', await folderOfReads('in_tr', 'in_val', 'ood_val')), [
    /^PASS {2}minimal\.mjs properties 12 random cases/m,
    /^PASS {2}minimal\.mjs time +\d\.\d\d \[.*\] of the built-in LSTM's time over arithmetic/m,
    /^FAIL {2}typo\.mjs +properties .* the parameter 'kernl'; there is gate_kernel, gate_bias, kernel, bias/m,
    /^cell\tminimal$/m,
    /^hidden\t8$/m,
    /^201$/m,
    /--cell broken\.mjs line 2: SyntaxError/,
    /a model of the cell 'minimal'.* give the \.js or \.ts file that exports it as --cell/,
    /^minimal\.safetensors: from .*: minimal, hidden 8, \d+ parameters, step 19$/m,
    /exit code 0$/m,
  ])
  t.end()
})

testShared('a user of the TensorFlow original', t => {
  promises(t, run('tensorflow.sh', emptyFolder(), { reference: sharedPath('data/tf1-oracle') }), [
    /^cell\tlstm$/m,
    /^hidden\t30$/m,
    /^updates\t901$/m,
    /^\d+ reads, the same to 2e-6$/m,
    /^bit for bit$/m,
    /training reads: \d+ of 250 bases/,
    /^step 3, loss 1\.\d+; model out\/.*model_3\.safetensors$/m,
    /exit code 0$/m,
  ])
  t.end()
})

test('a job with a time limit', async t => {
  promises(t, run('slurm.sh', await folderOfReads('in_tr')), [
    /^exit code 143$/m,
    /^checkpoint model_[1-9]\d+$/m,
    /goes on at step [1-9]\d*$/m,
    /^bit for bit$/m,
    /exit code 0$/m,
  ])
  t.end()
})

test('a notebook', t => {
  // Beside the installed package: a program imports it.
  copyFileSync(join(root, 'test/firstUse/notebook.mjs'), join(installed, 'notebook.mjs'))
  promises(t, run('notebook.mjs', installed), [
    /, 1 thread,/,
    /^\[ 36, 288, 972 \]$/m,
    /^loss falls$/m,
    /^likelihood AUROC above 0\.5$/m,
    /^ratio AUROC above 0\.5$/m,
    /^Detector\.score: read 0 is the string 'ACGT', give a Uint8Array/m,
    /exit code 0$/m,
  ])
  t.end()
})
