/** Trainings by several processes on this machine, as mpirun of Open MPI and of MPICH starts them. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type test from 'tape'
import { syntheticReads, writeReads } from '../../data/index.js'
import { hasCompiler } from '../engine/devices/ascend/stub.js'
import { testUnless } from '../testUnless.js'
import { scratch, xenograd } from './support.js'
import { dataFlags, runIn } from './trainingData.js'

const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

type Launcher = { readonly name: string; readonly command: string; readonly flags: readonly string[] }

/** Both of Debian's, by the names that its alternatives have; more processes than cores, as root if need be. */
const launchers: readonly Launcher[] = [
  { name: 'Open MPI', command: 'mpirun.openmpi', flags: ['--oversubscribe'] },
  { name: 'MPICH', command: 'mpirun.mpich', flags: [] },
]

const environment = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' }

/** What is missing to run with a launcher, and how to get it. */
function missing({ command }: Launcher): string | undefined {
  try {
    createRequire(import.meta.url).resolve('koffi')
  } catch {
    return 'npm install koffi'
  }
  const { status } = spawnSync(command, ['--version'], { env: environment })
  return status === 0
    ? undefined
    : `install ${command.includes('open') ? 'openmpi-bin' : 'mpich'} (${command})`
}

type Ended = { readonly code: number | null; readonly stderr: string }

/** Processes of a launcher; `parts`: the arguments of each, or of as many as `count` says. */
function launch(launcher: Launcher, parts: readonly (readonly [count: number, args: readonly string[]])[]) {
  const programs = parts.map(([count, args]) => ['-n', `${count}`, process.execPath, main, 'train', ...args])
  const args = programs.flatMap((program, i) => (i ? [':', ...program] : program))
  const child = spawn(launcher.command, [...launcher.flags, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment,
  })
  // A test that fails while they train leaves none behind.
  process.once('exit', () => child.kill())
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code, stderr }))
  })
  return { child, ended }
}

/** Process ids of a run's processes, by rank; those of /proc that have its folder among their arguments. */
function processesOf(out: string): Map<number, number> {
  const found = new Map<number, number>()
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      if (args[1] !== main || !args.includes(`--out_dir=${out}`)) continue
      const rank = /(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)/.exec(
        readFileSync(`/proc/${pid}/environ`, 'utf8'),
      )
      found.set(Number(rank?.[1]), Number(pid))
    } catch {
      // It has ended meanwhile.
    }
  }
  return found
}

/** Wait until something is there. */
async function until<T>(find: () => T | undefined): Promise<T> {
  for (;;) {
    const value = find()
    if (value !== undefined) return value
    await setTimeout(20)
  }
}

/** The newest checkpoint below `out`: its step and its path; undefined before the first one. */
function newestModel(out: string): { step: number; path: string } | undefined {
  if (!existsSync(out)) return undefined
  const models = readdirSync(out, { recursive: true, encoding: 'utf8' }).flatMap(path => {
    const step = /^[^.]*model_(\d+)\.safetensors$/.exec(path.slice(path.lastIndexOf('/') + 1))?.[1]
    return step === undefined ? [] : [{ step: Number(step), path: join(out, path) }]
  })
  return models.sort((a, b) => b.step - a.step)[0]
}

const flags = [
  '--hidden_lstm_size=8',
  '--batch_size=19',
  '--seq_len=40',
  '--reg_weight=1e-3',
  '--clip_norm=1',
  '--log_freq=2',
  '--threads=1',
  '--quiet',
]

/** Whether the newest checkpoints below two folders are the same. */
const sameModel = (a: string, b: string): boolean => {
  const [one, other] = [newestModel(a), newestModel(b)]
  return (
    one !== undefined &&
    other !== undefined &&
    one.step === other.step &&
    readFileSync(one.path).equals(readFileSync(other.path))
  )
}

/** Tests with each launcher that is there. */
function withLaunchers(what: string, body: (t: test.Test, launcher: Launcher) => Promise<void>): void {
  for (const launcher of launchers)
    testUnless(missing(launcher), `${launcher.name}: ${what}`, t => {
      t.timeoutAfter(240_000)
      return body(t, launcher)
    })
}

withLaunchers('2 processes, then one, then 4 end with the bits of one', async (t, launcher) => {
  const root = scratch()
  const genome = join(root, 'genome.fa')
  await writeReads(genome, syntheticReads({ split: 'in_tr', count: 2, length: 3000, seed: 2 }))
  // Fragments in windows: the carry of every process is part of a checkpoint.
  const all = [...flags, `--in_tr_data_dir=${genome}`, '--windows=3', '--val_freq=100']
  const run = (out: string, steps: number) => [...all, `--num_steps=${steps}`, `--out_dir=${join(root, out)}`]
  const ended = [
    await xenograd(['train', ...run('one', 8), '--shards=8', '--mpi=off']),
    await launch(launcher, [[2, run('on', 5)]]).ended,
    await xenograd(['train', ...run('on', 7)]),
    await launch(launcher, [[4, run('on', 8)]]).ended,
  ]
  for (const { code, stderr } of ended) t.equal(code, 0, stderr)
  t.ok(sameModel(join(root, 'one'), join(root, 'on')))
  const text = readFileSync(join(await runIn(join(root, 'on')), 'run.txt'), 'utf8')
  t.match(text, /^4 processes: (Open MPI v|MPICH )\d.*\(libmpi.*\.so\.\d+\)\nbatches in 8 shards$/m)
})

withLaunchers('processes that disagree, or that cannot train, end with one message', async (t, launcher) => {
  const root = scratch()
  const data = await dataFlags(root)
  const other = join(root, 'other.fa')
  await writeReads(other, syntheticReads({ split: 'in_tr', count: 300, length: 40, seed: 4 }))
  const args = (name: string) => [...flags, ...data, '--num_steps=3', `--out_dir=${join(root, name)}`]
  const cases: [parts: [number, string[]][], code: number, message: RegExp][] = [
    [
      [
        [1, args('settings')],
        [1, [...args('settings'), '--random_seed=5']],
      ],
      1,
      /^xenograd: process 1 \(on \S+\) has settings '…?random_seed 5, .*', process 0 \(on \S+\) has '…?random_seed 1234, .*'; give all processes the same$/m,
    ],
    [[[3, args('three')]], 1, /^xenograd: 3 processes: start 2, 4, 8 or another power of two$/m],
    [[[2, [...args('usage'), '--nowhere=3']]], 2, /^xenograd: unknown option '--nowhere=3'.*$/m],
    [[[2, [...args('few'), '--shards=1']]], 1, /^xenograd: 2 processes cannot share 1 shards; start 1$/m],
  ]
  for (const [parts, wanted, message] of cases) {
    const { code, stderr } = await launch(launcher, parts).ended
    t.equal(code, wanted, stderr)
    t.match(stderr, message)
    // Another process speaks, and says which it is, where the first has not ended them all after some seconds.
    t.equal(stderr.match(/^xenograd: (?!process \d+ of )/gm)?.length, 1, 'one message')
  }
  // The same names and numbers, and one base that differs.
  const [mine, theirs] = ['a', 'b'].map(base => {
    const path = join(root, `${base}.fa`)
    writeFileSync(path, `${readFileSync(other, 'latin1').slice(0, -2)}${base === 'a' ? 'A' : 'C'}\n`)
    return [...flags, `--in_tr_data_dir=${path}`, '--num_steps=3', `--out_dir=${join(root, 'data')}`]
  })
  const { code, stderr } = await launch(launcher, [
    [1, mine],
    [1, theirs],
  ]).ended
  t.equal(code, 1)
  t.match(stderr, /^xenograd: process 1 .* has (settings|training data) /m)
})

withLaunchers(
  'kill -9 and SIGTERM of a process: none is left, and the run goes on from its last checkpoint',
  async (t, launcher) => {
    const root = scratch()
    const out = join(root, 'out')
    const all = [...flags, ...(await dataFlags(root)), '--val_freq=5', '--keep=0', '--val_batches=1']
    const args = (steps: number, folder: string) => [...all, `--num_steps=${steps}`, `--out_dir=${folder}`]
    const newestStep = () => newestModel(out)?.step ?? 0
    let last = 0
    for (const [signal, rank] of [
      ['SIGKILL', 0],
      ['SIGKILL', 1],
      ['SIGTERM', 1],
    ] as const) {
      const { ended } = launch(launcher, [[2, args(1_000_000, out)]])
      await until(() => (newestStep() >= last + 5 ? true : undefined))
      process.kill(await until(() => processesOf(out).get(rank)), signal)
      const { code, stderr } = await ended
      if (signal === 'SIGTERM') t.equal(code, 143, stderr)
      else t.notEqual(code, 0)
      await until(() => (processesOf(out).size === 0 ? true : undefined))
      last = newestStep()
      t.pass(`none is left after ${signal} of process ${rank}, when step ${last} was written`)
    }
    const same = join(root, 'same')
    await xenograd(['train', ...args(last + 1, same), '--shards=8'])
    t.equal(newestModel(same)?.step, last)
    // What the run holds is the state after that step; whether as its last one is a matter of its metrics alone.
    t.ok(sameModel(out, same), 'with the bits of a run that nobody ended')
  },
)

const mpich = launchers[1]
const noCompiler = hasCompiler() ? undefined : 'no C compiler; install gcc or clang as cc'

testUnless(
  missing(mpich) ?? noCompiler,
  'the standard binary interface of MPI 5, handed on to MPICH',
  async t => {
    const root = scratch()
    const library = join(root, 'libmpi_abi.so')
    // Seen from dist/test/cli: the compiler of TypeScript leaves the source where it is.
    const source = fileURLToPath(new URL('../../../test/cli/standardAbi.c', import.meta.url))
    const built = spawnSync('cc', ['-shared', '-fPIC', source, '-o', library, '-l:libmpich.so.12'], {
      encoding: 'utf8',
    })
    t.equal(built.status, 0, built.stderr)
    const data = await dataFlags(root)
    const args = (out: string) => [...flags, ...data, '--num_steps=4', `--out_dir=${join(root, out)}`]
    const { code, stderr } = await launch(mpich, [[2, [...args('two'), `--mpi=${library}`]]]).ended
    t.equal(code, 0, stderr)
    await xenograd(['train', ...args('one'), '--shards=8'])
    t.ok(sameModel(join(root, 'one'), join(root, 'two')))
  },
)
