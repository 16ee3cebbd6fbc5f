import { nodeModule } from '../threads/host.js'
import { blasFileNames, findBlasFile, realPath } from './blasFile.js'
import type { Sgemm } from './sgemm.js'

/**
 * A system's BLAS library, for the products that are worth it (sgemm.ts): called through koffi on the device's own
 * memory, without copies. Each thread calls it for its own rows, so the library's own threads are turned off.
 */

/** What koffi offers of what is used here. It is an optional dependency, so its own types may not be there. */
type Koffi = {
  load(path: string): { func(name: string, result: string, args: readonly string[]): NativeFunction }
  address(memory: ArrayBufferView): bigint
}
type NativeFunction = (...args: readonly (number | ArrayBufferView)[]) => unknown

type LoadedBlas = {
  /** Name, version and kernels, as the library itself says, and where it is. */
  readonly description: string
  /** Why it is not worth using here, if it is not. */
  readonly objection?: string
  /** Products of so many multiply-adds it takes as they lie (see target.ts). */
  readonly unpacked: number
  /** Its product on addresses in `memory`. */
  readonly on: (memory: WebAssembly.Memory) => Sgemm
}

const requireHere = (): NodeJS.Require | undefined =>
  nodeModule<typeof import('node:module')>('node:module')?.createRequire(import.meta.url)

const koffiMissing = 'koffi is not installed: npm install koffi'

function isKoffiInstalled(): boolean {
  try {
    return requireHere()?.resolve('koffi') !== undefined
  } catch {
    return false
  }
}

/** The BLAS library of a device; `path` is undefined where there is none. */
export class Blas {
  private constructor(
    readonly path: string | undefined,
    readonly reason: string,
  ) {}

  /**
   * `choice`: `off`; `auto`, the library that is found (it is loaded with the first kernel that needs it, so that small
   * models do not wait for it); or the path or name of a library, which is loaded at once.
   * @throws Error when a library that was asked for by name cannot be used.
   */
  static choose(choice: string): Blas {
    if (choice === 'off') return new Blas(undefined, 'off')
    if (choice !== 'auto') {
      loadBlas(choice)
      return new Blas(choice, '')
    }
    const names = blasFileNames()
    if (!names.length) return new Blas(undefined, 'none is known for this platform')
    if (!isKoffiInstalled()) return new Blas(undefined, koffiMissing)
    const path = findBlasFile()
    if (path === undefined) return new Blas(undefined, `none found (looked for ${names.join(', ')})`)
    // Whether BLIS is of use only it can say; it is quick to load.
    const objection = /blis/.test(path) ? loadBlas(path).objection : undefined
    return objection === undefined ? new Blas(path, '') : new Blas(undefined, objection)
  }

  /** Load the library into the calling thread; returns its path. @throws Error when that is not possible. */
  load(): string | undefined {
    if (this.path !== undefined) loadBlas(this.path)
    return this.path
  }

  /** Products of up to so many multiply-adds it takes as they lie (see target.ts). Loads the library. */
  get unpacked(): number {
    return this.path === undefined ? 0 : loadBlas(this.path).unpacked
  }

  /** For banners. */
  get description(): string {
    if (this.path === undefined) return this.reason === 'off' ? 'BLAS off' : `no BLAS: ${this.reason}`
    return loaded.get(this.path)?.description ?? `BLAS ${realPath(this.path)} for large products`
  }
}

/** What a module that uses the library at `path` imports (see sgemm.ts); nothing for one that uses none. */
export const blasImports = (path: string | undefined, memory: WebAssembly.Memory): { sgemm?: Sgemm } =>
  path === undefined ? {} : { sgemm: loadBlas(path).on(memory) }

const loaded = new Map<string, LoadedBlas>()

/**
 * Load a library into the calling thread. Only the main thread's environment is the library's, so it must be the first.
 * @throws Error without koffi, and when the library cannot be loaded or has no cblas_sgemm.
 */
function loadBlas(path: string): LoadedBlas {
  const known = loaded.get(path)
  if (known) return known
  const fresh = withEnvironment(environment, () => load(path))
  loaded.set(path, fresh)
  return fresh
}

function load(path: string): LoadedBlas {
  const fail = (reason: string): never => {
    throw new Error(`BLAS '${path}': ${reason}`)
  }
  const advice =
    'give the path of a shared library with cblas_sgemm (OpenBLAS, MKL, BLIS, Accelerate), or auto, or off'
  if (!isKoffiInstalled()) fail(`${koffiMissing}, or choose off`)
  let koffi: Koffi
  try {
    koffi = requireHere()?.('koffi') as Koffi
  } catch (error) {
    return fail(`koffi cannot be loaded (${(error as Error).message}); install it again, or choose off`)
  }
  let library: ReturnType<Koffi['load']>
  try {
    library = koffi.load(path)
  } catch (error) {
    return fail(`it cannot be loaded (${(error as Error).message}); ${advice}`)
  }
  const find = (name: string, result: string, ...args: string[]): NativeFunction | undefined => {
    try {
      return library.func(name, result, args)
    } catch {
      return undefined
    }
  }
  const { name, objection, integer = 'int', unpacked = 0 } = introduce(find)
  const sgemm =
    find('cblas_sgemm', 'void', ...sgemmArguments(integer)) ??
    fail(`it has no function cblas_sgemm; ${advice}`)
  return {
    description: `BLAS ${name ? `${name}, ` : ''}${realPath(path)}`,
    ...(objection !== undefined && { objection: `${realPath(path)}: ${objection}` }),
    unpacked,
    on: memory => callOn(memory, koffi, sgemm),
  }
}

/** Order, both transpositions, sizes, alpha, A, B, beta, C, as cblas.h has them; matrices by their addresses. */
function sgemmArguments(integer: string): string[] {
  const matrix = ['uintptr_t', integer]
  return ['int', 'int', 'int', integer, integer, integer, 'float', ...matrix, ...matrix, 'float', ...matrix]
}

const rowMajor = 101
const notTransposed = 111

function callOn(memory: WebAssembly.Memory, koffi: Koffi, sgemm: NativeFunction): Sgemm {
  let buffer: ArrayBufferLike | undefined
  let base = 0
  return (transposedA, transposedB, m, n, k, a, lda, b, ldb, accumulate, c, ldc) => {
    // Memory that has grown is another buffer, and may be elsewhere.
    if (memory.buffer !== buffer) {
      buffer = memory.buffer
      base = Number(koffi.address(new Uint8Array(buffer)))
    }
    sgemm(
      rowMajor,
      notTransposed + transposedA,
      notTransposed + transposedB,
      m,
      n,
      k,
      1,
      base + (a >>> 0),
      lda,
      base + (b >>> 0),
      ldb,
      accumulate,
      base + (c >>> 0),
      ldc,
    )
  }
}

/** What a library is, by the functions that it has beyond the standard's. Turns its own threads off. */
type Introduction = {
  readonly name: string
  readonly objection?: string
  readonly integer?: 'int64_t'
  readonly unpacked?: number
}

/**
 * Multiply-adds of the largest product that OpenBLAS takes as it lies: its kernels for AVX-512 do, from 0.3.18 on (pull
 * request 3335 of OpenBLAS).
 */
function unpackedByOpenBlas(config: string): number {
  const [, patch] = /OpenBLAS 0\.3\.(\d+)/.exec(config) ?? []
  return Number(patch) >= 18 && /SkylakeX|Cooperlake|SapphireRapids/i.test(config) ? 1_000_000 : 0
}

function introduce(
  find: (name: string, result: string, ...args: string[]) => NativeFunction | undefined,
): Introduction {
  const setOpenBlas = find('openblas_set_num_threads', 'void', 'int')
  if (setOpenBlas) {
    // Its OpenMP build counts threads for each thread that calls, so every one of ours says it.
    setOpenBlas(1)
    const config = String(find('openblas_get_config', 'str')?.() ?? 'OpenBLAS')
    const unpacked = unpackedByOpenBlas(config)
    return { name: config.trim(), unpacked, ...(config.includes('USE64BITINT') && { integer: 'int64_t' }) }
  }
  const setMkl = find('MKL_Set_Num_Threads', 'void', 'int')
  if (setMkl) {
    setMkl(1)
    const text = new Uint8Array(200)
    find('MKL_Get_Version_String', 'void', 'uint8_t *', 'int')?.(text, text.length)
    return { name: new TextDecoder().decode(text).replace(/\0.*/s, '').trim() || 'MKL' }
  }
  const setBlis = find('bli_thread_set_num_threads', 'void', 'int64_t')
  if (setBlis) {
    setBlis(1)
    const id = find('bli_arch_query_id', 'int')?.()
    const kernels = typeof id === 'number' ? String(find('bli_arch_string', 'str', 'int')?.(id)) : 'unknown'
    return {
      name: `BLIS ${find('bli_info_get_version_str', 'str')?.() ?? ''} ${kernels}`,
      ...(kernels === 'generic' && {
        objection:
          'this BLIS has no code for this processor but portable C, which is slower than WebAssembly',
      }),
    }
  }
  return { name: '' }
}

/** What libraries read when they are loaded: OpenBLAS would start threads of its own, Accelerate use them. */
const environment = { OPENBLAS_NUM_THREADS: '1', VECLIB_MAXIMUM_THREADS: '1' }

function withEnvironment<T>(variables: Readonly<Record<string, string>>, body: () => T): T {
  const { env } = process
  const before = Object.keys(variables).map(name => [name, env[name]] as const)
  Object.assign(env, variables)
  try {
    return body()
  } finally {
    for (const [name, value] of before)
      if (value === undefined) delete env[name]
      else env[name] = value
  }
}
