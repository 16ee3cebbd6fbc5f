import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CFunction, type Library, loadFfi } from '../../../../engine/devices/ascend/library.js'
import { makeOnce } from '../../../onceARun.js'
import { machineType, readDeclarations, stubHeader } from './declarations.js'

// Seen from dist/test/engine/devices/ascend: the compiler of TypeScript leaves the sources where they are.
const sources = fileURLToPath(new URL('../../../../../test/engine/devices/ascend/stub/', import.meta.url))

/** Whether there is a C compiler. */
export const hasCompiler = (): boolean => spawnSync('cc', ['--version']).status === 0

/** Why there is no stub here, or undefined. */
export async function noStub(): Promise<string | undefined> {
  if (!hasCompiler()) return 'skipped: no C compiler; install gcc or clang as cc'
  return loadFfi().then(
    () => undefined,
    () => 'skipped: no koffi; npm install koffi',
  )
}

const operators = ['math', 'nn']

/**
 * How a version of CANN comes: operators in one library (`whole`), in several (`split`), or, as it is now, in both ways,
 * of which a process may use one.
 */
export type Layout = 'whole' | 'split' | 'both'

/** The sources of each library of a layout. */
const librariesOf = (layout: Layout): [library: string, files: readonly string[]][] => [
  ['libascendcl', ['chip', 'objects', 'views', 'runtime', 'memory', 'queue', 'capture', 'overflow']],
  ['libnnopbase', ['meta']],
  ...(layout === 'split' ? [] : [['libopapi', ['plan', ...operators]] as [string, string[]]]),
  ...(layout === 'whole'
    ? []
    : operators.map(name => [`libopapi_${name}`, ['plan', name]] as [string, string[]])),
  ['libhccl', ['collective']],
]

const flags = ['-std=gnu11', '-O2', '-ftree-vectorize', '-ffp-contract=off', '-shared', '-fPIC']
const warnings = ['-Wall', '-Wextra', '-Wno-unused-parameter']

/** A name that is another one when the sources, the declarations or the flags are. */
function nameOf(layout: Layout): string {
  const hash = createHash('sha256').update([stubHeader(), ...flags].join())
  for (const file of readdirSync(sources).sort()) hash.update(readFileSync(join(sources, file)))
  return `xenograd-ascend-${layout}-${hash.digest('hex').slice(0, 16)}`
}

/**
 * Compile the stub of the Ascend libraries against CANN's own declarations, unless it is there already. Returns the folder.
 */
export const buildStub = (layout: Layout = 'whole'): string =>
  makeOnce(join(tmpdir(), nameOf(layout)), folder => {
    writeFileSync(join(folder, 'cann.h'), stubHeader())
    for (const [library, files] of librariesOf(layout))
      execFileSync(
        'cc',
        [
          ...[...flags, ...warnings, `-I${folder}`, `-I${sources}`, `-DSTUB_LIBRARY="${library}.so"`],
          ...['-o', join(folder, `${library}.so`), ...files.map(file => join(sources, `${file}.c`)), '-lm'],
        ],
        { stdio: ['ignore', 'inherit', 'inherit'] },
      )
  })

/** What the stub counts, in the order of its enumeration. */
const counters = [
  'memory',
  'hostMemory',
  'tensors',
  'scalars',
  'intArrays',
  'executors',
  'streams',
  'events',
  'models',
  'communicators',
  'misuses',
  'unpadded',
  'calls',
  'plans',
  'launches',
  'asStrided',
  'replays',
  'scribbles',
  'injected',
] as const

export type Counters = Record<(typeof counters)[number], number>

const runtimeOf = async (folder: string): Promise<Library> =>
  (await loadFfi()).load(join(folder, 'libascendcl.so'), { global: true })

/** The stub's counters: live objects, wrong uses, and calls since the process began; stub.h says what each counts. */
export async function readCounters(folder: string): Promise<Counters> {
  const counter = (await runtimeOf(folder)).func('int64_t stub_counter(int index)')
  return Object.fromEntries(counters.map((name, i) => [name, Number(counter(i))])) as Counters
}

/** Live objects and what must not happen: all 0 when nothing was leaked or misused. */
export async function liveObjects(folder: string): Promise<Partial<Counters>> {
  const { calls, plans, launches, asStrided, replays, scribbles, injected, ...live } =
    await readCounters(folder)
  return live
}

/** What CANN would have crashed on, or read of freed memory, the last time. */
export async function lastMisuse(folder: string): Promise<string> {
  return String((await runtimeOf(folder)).func('const char *stub_last_misuse(void)')())
}

/** The functions of CANN in the stub, by name, bound by the table of declarations and not by the bridge's prototypes. */
export async function bindStub(
  folder: string,
  layout: Layout = 'whole',
): Promise<(name: string) => CFunction> {
  const ffi = await loadFfi()
  const libraries = librariesOf(layout).map(([library]) =>
    ffi.load(join(folder, `${library}.so`), { global: true }),
  )
  const declarations = new Map(readDeclarations().map(d => [d.name, d]))
  const bound = new Map<string, CFunction>()
  return name => {
    const known = bound.get(name)
    if (known) return known
    const { returns, parameters } = declarations.get(name)!
    const types = parameters.map(machineType)
    const result = /^const char\*$/.test(returns) ? returns : machineType(returns)
    const prototype = `${result} ${name}(${types.join(', ') || 'void'})`
    for (const library of libraries)
      try {
        const found = library.func(prototype)
        bound.set(name, found)
        return found
      } catch {
        // In another of them.
      }
    throw new Error(`the stub has no ${name}`)
  }
}
