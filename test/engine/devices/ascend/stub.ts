import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadFfi } from '../../../../engine/devices/ascend/library.js'
import { header } from '../../../../engine/devices/ascend/prototypes.js'

// Seen from dist/test/engine/devices/ascend: the compiler of TypeScript leaves the sources where they are.
const sources = fileURLToPath(new URL('../../../../../test/engine/devices/ascend/stub/', import.meta.url))

/** Why there is no stub here, or undefined. */
export async function noStub(): Promise<string | undefined> {
  if (spawnSync('cc', ['--version']).status !== 0) return 'skipped: no C compiler; install gcc or clang as cc'
  return loadFfi().then(
    () => undefined,
    () => 'skipped: no koffi; npm install koffi',
  )
}

/** Compile the stub of the Ascend libraries against the device's own prototypes. Returns the folder. */
export function buildStub(): string {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-ascend-'))
  writeFileSync(join(folder, 'ascend.h'), header())
  const flags = ['-std=gnu11', '-O3', '-ffp-contract=off', '-shared', '-fPIC', `-I${folder}`, `-I${sources}`]
  for (const [source, library] of [
    ['runtime', 'libascendcl'],
    ['meta', 'libnnopbase'],
    ['operators', 'libopapi'],
  ])
    execFileSync('cc', [...flags, '-o', join(folder, `${library}.so`), join(sources, `${source}.c`), '-lm'], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
  return folder
}

/** What the stub counts, in the order of its enumeration. */
const counters = [
  'memory',
  'hostMemory',
  'tensors',
  'scalars',
  'intArrays',
  'executors',
  'streams',
  'calls',
  'plans',
  'launches',
] as const

export type Counters = Record<(typeof counters)[number], number>

/** The stub's counters: live objects, and calls since the process began. */
export async function readCounters(folder: string): Promise<Counters> {
  const library = (await loadFfi()).load(join(folder, 'libascendcl.so'), { global: true })
  const counter = library.func('int64_t stub_counter(int index)')
  return Object.fromEntries(counters.map((name, i) => [name, Number(counter(i))])) as Counters
}

/** Live objects only: all 0 when nothing was leaked. */
export async function liveObjects(folder: string): Promise<Partial<Counters>> {
  const { calls, plans, launches, ...live } = await readCounters(folder)
  return live
}
