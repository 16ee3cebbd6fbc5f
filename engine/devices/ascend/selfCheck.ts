import { mapKernel } from '../../kernel/build.js'
import { add } from '../../kernel/expr.js'
import { contiguousView } from '../../kernel/shape.js'
import type { CheckLine } from '../device.js'
import { currentEnvironment, type Environment } from '../environment.js'
import { requireNode } from '../shared/node.js'
import { Acl } from './acl.js'
import { Chip } from './chip.js'
import { graphRefusal } from './graphs.js'
import { closeWhenIdle, Launcher } from './launcher.js'
import { type Ffi, Libraries, libraryFiles, loadFfi, stubFolder } from './library.js'
import { addressOf, endOf, Memory } from './memory.js'
import { checkOperators } from './operatorCheck.js'
import type { AscendOptions } from './options.js'
import { saturates } from './overflow.js'
import { Compiler } from './programs.js'
import {
  cubeMathTypes,
  declaredName,
  metaPrototypes,
  type OperatorName,
  operators,
  optionalPrototypes,
  runtimePrototypes,
} from './prototypes.js'

/**
 * Looks at environment, libraries, symbols, card, memory and a first computation, from below upwards, and ends where
 * nothing further can work: lines that somebody with a card can send us. `card`: the number of the one that is looked at.
 */
export async function* selfCheck(
  { card = 0 }: AscendOptions = {},
  environment: Environment = currentEnvironment(),
): AsyncGenerator<CheckLine> {
  yield* checkEnvironment(environment)
  let ffi: Ffi
  try {
    ffi = await loadFfi()
  } catch (error) {
    yield failure('koffi', error)
    return
  }
  yield { verdict: 'PASS', what: 'koffi', found: 'loaded' }
  const libraries = new Libraries(ffi, environment)
  for (const { file } of libraryFiles) {
    const result = libraries.results.get(file)!
    if ('path' in result) yield { verdict: 'PASS', what: file, found: result.path }
    else yield { verdict: 'SKIP', what: file, found: `${result.reason}; not every version of CANN needs it` }
  }
  try {
    libraries.checkComplete()
  } catch (error) {
    yield failure('libraries', error)
    return
  }
  yield* checkFunctions(libraries)
  let acl: Acl
  try {
    acl = new Acl(ffi, libraries, card)
  } catch (error) {
    yield failure('card', error)
    return
  }
  try {
    const { free, total } = acl.memory()
    const gigabytes = (n: number) => (n / 2 ** 30).toFixed(1)
    yield { verdict: 'PASS', what: 'versions', found: versions(acl, environment) }
    yield { verdict: 'PASS', what: 'card', found: `${acl.soc}, number ${acl.device} of ${acl.deviceCount()}` }
    yield { verdict: 'PASS', what: 'memory', found: `${gigabytes(free)} of ${gigabytes(total)} GiB free` }
    yield acl.deterministic
      ? { verdict: 'PASS', what: 'determinism', found: 'sums run in a fixed order' }
      : { verdict: 'SKIP', what: 'determinism', found: 'this version of CANN cannot be asked for it' }
    if (saturates(acl)) yield overflowLine(acl)
    yield* checkComputation(acl)
  } catch (error) {
    yield failure('computation', error)
  } finally {
    acl.close()
  }
}

const failure = (what: string, error: unknown): CheckLine => ({
  verdict: 'FAIL',
  what,
  found: (error as Error).message.split('\n')[0],
})

function* checkEnvironment(environment: Environment): Generator<CheckLine> {
  const stub = stubFolder(environment)
  if (stub) {
    yield { verdict: 'SKIP', what: 'environment', found: `ASCEND_STUB is set: the stub in ${stub}, not CANN` }
    return
  }
  for (const name of ['ASCEND_HOME_PATH', 'ASCEND_OPP_PATH'] as const) {
    const value = environment[name]
    if (value && requireNode('node:fs').existsSync(value)) yield { verdict: 'PASS', what: name, found: value }
    else {
      const found = value ? `${value} does not exist` : 'not set'
      yield {
        verdict: 'FAIL',
        what: name,
        found: `${found}; \`source <cann>/set_env.sh\` before starting Node`,
      }
    }
  }
  // CANN ships libraries to link against, which load and then fail.
  const stubs = (environment.LD_LIBRARY_PATH ?? '')
    .split(':')
    .filter(folder => /\/lib64\/stub\/?$/.test(folder))
  if (stubs.length)
    yield {
      verdict: 'FAIL',
      what: 'LD_LIBRARY_PATH',
      found: `${stubs[0]} holds libraries for linking only; take it out`,
    }
}

/** The versions of driver, CANN and ACL's interface, as far as anybody says. */
function versions(acl: Acl, environment: Environment): string {
  const home = environment.ASCEND_HOME_PATH ?? environment.ASCEND_TOOLKIT_HOME
  const isStub = stubFolder(environment) !== undefined
  const fromFile = (folder: string | undefined) =>
    folder && !isStub ? versionIn(`${folder}/version.info`) : undefined
  const known = {
    driver: acl.packageVersion('driver') ?? fromFile('/usr/local/Ascend/driver'),
    CANN: acl.packageVersion('runtime') ?? fromFile(home && `${home}/share/info/runtime`),
    ACL: acl.interfaceVersion(),
  }
  return Object.entries(known)
    .map(([name, version]) => `${name} ${version ?? 'unknown'}`)
    .join(', ')
}

/** What a version.info of CANN says: its line `Version=…`; undefined if there is none. */
function versionIn(path: string): string | undefined {
  const { existsSync, readFileSync } = requireNode('node:fs')
  return existsSync(path) ? /^Version=(.+)$/im.exec(readFileSync(path, 'utf8'))?.[1].trim() : undefined
}

/** Whether the card tells of overflows, which is all that there is of them where floats saturate. */
function overflowLine(acl: Acl): CheckLine {
  return acl.watchOverflows()
    ? { verdict: 'PASS', what: 'overflow', found: 'floats saturate (NaN is 0); overflows are reported' }
    : {
        verdict: 'SKIP',
        what: 'overflow',
        found: 'floats saturate (NaN is 0), and this version of CANN does not report overflows',
      }
}

function* checkFunctions(libraries: Libraries): Generator<CheckLine> {
  const needed = [...runtimePrototypes, ...metaPrototypes]
  const missing = needed.filter(prototype => !libraries.optional(prototype))
  const count = `${needed.length - missing.length} of ${needed.length} functions`
  yield missing.length
    ? { verdict: 'FAIL', what: 'runtime', found: `${count}; without ${missing.join(', ')}` }
    : { verdict: 'PASS', what: 'runtime', found: count }
  const without = optionalPrototypes.filter(prototype => !libraries.optional(prototype)).map(declaredName)
  if (without.length)
    yield { verdict: 'SKIP', what: 'runtime', found: `this version of CANN lacks ${without.join(', ')}` }
  const names = Object.keys(operators) as OperatorName[]
  const absent = names.filter(name => !libraries.operator(name))
  const found = `${names.length - absent.length} of ${names.length} operators`
  yield absent.length
    ? { verdict: 'SKIP', what: 'operators', found: `${found}; composed or refused: ${absent.join(', ')}` }
    : { verdict: 'PASS', what: 'operators', found }
}

/** Whether repeated work can be captured. */
function graphLine(acl: Acl): CheckLine {
  const refusal = graphRefusal(acl)
  return refusal === undefined
    ? { verdict: 'PASS', what: 'graphs', found: 'repeated work is captured, and one call starts it' }
    : { verdict: 'SKIP', what: 'graphs', found: `none (${refusal}): every operator is enqueued` }
}

/** A sum as the engine asks for it, and then every operator by itself. */
async function* checkComputation(acl: Acl): AsyncGenerator<CheckLine> {
  const memory = new Memory(acl)
  const launcher = new Launcher(acl, memory, true)
  try {
    const compiler = new Compiler(new Chip(acl, cubeMathTypes.keepDtype, launcher), launcher, memory)
    const buffers = [0, 1, 2].map(() => memory.alloc(16))
    const [a, b, c] = buffers.map(addressOf)
    memory.write(a, new Float32Array([1, 2, 3, 4]))
    memory.write(b, new Float32Array([10, 20, 30, 40]))
    const vector = { dtype: 'float32', view: contiguousView([4]) } as const
    compiler.compile(mapKernel([4], [vector, vector], add)).run([a, b, c], buffers.map(endOf))
    const sum = `${new Float32Array(await memory.read(c, 16))}`
    const wanted = '11,22,33,44'
    yield sum === wanted
      ? { verdict: 'PASS', what: 'add', found: `[${sum}]` }
      : { verdict: 'FAIL', what: 'add', found: `[${sum}], wanted [${wanted}]` }
    yield graphLine(acl)
    yield compiler.drawsOnCard()
      ? { verdict: 'PASS', what: 'random bits', found: 'on the card, the same as on the host' }
      : {
          verdict: 'SKIP',
          what: 'random bits',
          found:
            'on the host: the card lacks operators, or its int32 does not wrap; what draws them is not captured',
        }
    yield* checkOperators(launcher, memory)
  } finally {
    closeWhenIdle(acl, launcher, memory)
  }
}
