import { mapKernel } from '../../kernel/build.js'
import { add } from '../../kernel/expr.js'
import type { Kernel } from '../../kernel/kernel.js'
import { contiguousView } from '../../kernel/shape.js'
import type { CheckLine } from '../device.js'
import { currentEnvironment, type Environment } from '../environment.js'
import { requireNode } from '../shared/node.js'
import { Acl } from './acl.js'
import { Chip, matmulMode } from './chip.js'
import { Launcher } from './launcher.js'
import { type Ffi, Libraries, libraryFiles, loadFfi, stubFolder } from './library.js'
import { addressOf, endOf, Memory } from './memory.js'
import { type AscendOptions, type Precision, precisions } from './options.js'
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
 * nothing further can work. `card`: the number of the one that is looked at; products are tried in every precision.
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
    yield { verdict: 'PASS', what: 'card', found: `${acl.soc}, number ${acl.device} of ${acl.deviceCount()}` }
    yield { verdict: 'PASS', what: 'memory', found: `${gigabytes(free)} of ${gigabytes(total)} GiB free` }
    yield acl.deterministic
      ? { verdict: 'PASS', what: 'determinism', found: 'sums run in a fixed order' }
      : { verdict: 'SKIP', what: 'determinism', found: 'this version of CANN cannot be asked for it' }
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

/** A sum, and a product in each precision that the chip has. */
async function* checkComputation(acl: Acl): AsyncGenerator<CheckLine> {
  const memory = new Memory(acl)
  const launcher = new Launcher(acl, memory, true)
  const run = async (cubeMathType: number, kernel: Kernel): Promise<Float32Array> => {
    const compiler = new Compiler(new Chip(acl, cubeMathType, launcher), launcher, memory)
    const buffers = [0, 1, 2].map(() => memory.alloc(16))
    const [a, b, c] = buffers.map(addressOf)
    memory.write(a, new Float32Array([1, 2, 3, 4]))
    memory.write(b, new Float32Array([10, 20, 30, 40]))
    compiler.compile(kernel).run([a, b, c], buffers.map(endOf))
    return new Float32Array(await memory.read(c, 16))
  }
  const judge = (what: string, got: Float32Array, wanted: readonly number[]): CheckLine => {
    const right = wanted.every((x, i) => Math.abs(got[i] - x) <= 2e-3 * x)
    return {
      verdict: right ? 'PASS' : 'FAIL',
      what,
      found: right ? `[${got}]` : `[${got}], wanted [${wanted}]`,
    }
  }
  try {
    const vector = { dtype: 'float32', view: contiguousView([4]) } as const
    const sum = await run(cubeMathTypes.keepDtype, mapKernel([4], [vector, vector], add))
    yield judge('add', sum, [11, 22, 33, 44])
    const square = contiguousView([2, 2])
    for (const precision of precisions) {
      const mode = modeOf(acl.soc, precision)
      if (typeof mode === 'string') {
        yield { verdict: 'SKIP', what: `matmul ${precision}`, found: mode }
        continue
      }
      const sizes = { batch: [], m: 2, n: 2, k: 2, a: square, b: square }
      try {
        const product = await run(mode.cubeMathType, {
          kind: 'matmul',
          dtype: 'float32',
          accumulate: false,
          ...sizes,
        })
        yield judge(`matmul ${precision}`, product, [70, 100, 150, 220])
      } catch (error) {
        yield failure(`matmul ${precision}`, error)
      }
    }
  } finally {
    launcher.close()
    memory.close()
  }
}

/** How a chip multiplies in a precision, or why it cannot. */
function modeOf(soc: string, precision: Precision): ReturnType<typeof matmulMode> | string {
  try {
    return matmulMode(soc, precision)
  } catch (error) {
    return (error as Error).message
  }
}
