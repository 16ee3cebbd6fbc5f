import { withEnvironment } from '../../environment.js'
import {
  isKoffiInstalled,
  type Koffi,
  koffiMissing,
  type NativeFunction,
  requireKoffi,
} from '../../shared/koffi.js'
import { realPath } from '../../shared/node.js'
import type { AddressType } from '../memory.js'
import type { Sgemm } from './sgemm.js'

/**
 * BLAS libraries, loaded through koffi and called on the device's own memory, without copies. Each thread calls them for
 * its own rows, so the libraries' own threads are turned off.
 */

/** What a module calls: a `Sgemm`, whose arguments are BigInts where addresses have 64 bits. */
type SgemmImport = (...args: never) => void
/** A function of a library by its name and types; undefined if the library has none of that name. */
type FindFunction = (name: string, result: string, ...args: string[]) => NativeFunction | undefined

/** A library that is loaded into the calling thread. */
export type BlasLibrary = {
  /** Name, version and kernels, as the library itself says, and where it is. */
  readonly description: string
  /** Why it is not worth using here, if it is not. */
  readonly objection?: string
  /** Multiply-adds of the largest product that it computes without packing its operands (see target.ts). */
  readonly unpacked: number
  /** Threads that may call it at the same time, where it has a limit: beyond it, it ends the process. */
  readonly mostThreads?: number
  /** Its product on addresses in `memory`, as modules import it. */
  readonly on: (memory: WebAssembly.Memory, addressType: AddressType) => SgemmImport
}

/** What libraries read when they are loaded: OpenBLAS would start threads of its own, Accelerate use them. */
const oneThread = { OPENBLAS_NUM_THREADS: '1', VECLIB_MAXIMUM_THREADS: '1' }

/** The libraries that the calling thread has loaded, by path. */
const loaded = new Map<string, BlasLibrary>()

/** A library that the calling thread has loaded; undefined if it has not. */
export const loadedBlas = (path: string): BlasLibrary | undefined => loaded.get(path)

/**
 * Load a library into the calling thread, once. The main thread must be the first to: libraries see its environment
 * variables only.
 * @throws Error without koffi, and when the library cannot be loaded or has no cblas_sgemm.
 */
export function loadBlas(path: string): BlasLibrary {
  const known = loaded.get(path)
  if (known) return known
  const fresh = withEnvironment(oneThread, () => load(path))
  loaded.set(path, fresh)
  return fresh
}

function load(path: string): BlasLibrary {
  const fail = (reason: string): never => {
    throw new Error(`BLAS '${path}': ${reason}`)
  }
  const advice =
    'give the path of a shared library with cblas_sgemm (OpenBLAS, MKL, BLIS, Accelerate), or auto, or off'
  if (!isKoffiInstalled()) fail(`${koffiMissing}, or choose off`)
  let koffi: Koffi
  try {
    koffi = requireKoffi()
  } catch (error) {
    return fail(`koffi cannot be loaded (${(error as Error).message}); install it again, or choose off`)
  }
  let library: ReturnType<Koffi['load']>
  try {
    library = koffi.load(path)
  } catch (error) {
    return fail(`it cannot be loaded (${(error as Error).message}); ${advice}`)
  }
  const find: FindFunction = (name, result, ...args) => {
    try {
      return library.func(name, result, args)
    } catch {
      return undefined
    }
  }
  const { name, objection, integer = 'int', unpacked = 0, mostThreads } = identify(find)
  const sgemm =
    find('cblas_sgemm', 'void', ...sgemmArguments(integer)) ??
    fail(`it has no function cblas_sgemm; ${advice}`)
  return {
    description: `BLAS ${name ? `${name}, ` : ''}${realPath(path)}`,
    ...(objection !== undefined && { objection: `${realPath(path)}: ${objection}` }),
    unpacked,
    ...(mostThreads !== undefined && { mostThreads }),
    on: (memory, addressType) => {
      const product = callOn(memory, koffi, sgemm)
      return addressType === 'i64' ? (...args) => product(...numbersOf(args)) : product
    },
  }
}

/** Order, both transpositions, sizes, alpha, A, B, beta, C, as cblas.h has them; matrices by their addresses. */
function sgemmArguments(integer: string): string[] {
  const matrix = ['uintptr_t', integer]
  return ['int', 'int', 'int', integer, integer, integer, 'float', ...matrix, ...matrix, 'float', ...matrix]
}

const unsignedAddress = (address: number): number => (address < 0 ? address + 2 ** 32 : address)

const rowMajor = 101
const notTransposed = 111

/** Arguments of a module with 64-bit addresses, as numbers. */
const numbersOf = (args: readonly unknown[]) => args.map(Number) as Parameters<Sgemm>

/** A library's product on addresses in `memory`; those of 32 bits may come with a sign. */
function callOn(memory: WebAssembly.Memory, koffi: Koffi, sgemm: NativeFunction): Sgemm {
  let buffer: ArrayBufferLike | undefined
  let base = 0
  return (transposedA, transposedB, m, n, k, a, lda, b, ldb, accumulate, c, ldc) => {
    // Memory that has grown is another buffer, and may be elsewhere.
    if (memory.buffer !== buffer) {
      buffer = memory.buffer
      base = Number(koffi.address(new Uint8Array(buffer, 0, 1)))
    }
    sgemm(
      rowMajor,
      notTransposed + transposedA,
      notTransposed + transposedB,
      m,
      n,
      k,
      1,
      base + unsignedAddress(a),
      lda,
      base + unsignedAddress(b),
      ldb,
      accumulate,
      base + unsignedAddress(c),
      ldc,
    )
  }
}

/** What a library says about itself. */
type Identity = {
  readonly name: string
  readonly objection?: string
  readonly integer?: 'int64_t'
  readonly unpacked?: number
  readonly mostThreads?: number
}

/**
 * How many threads may call an OpenBLAS at the same time: each takes one of the buffers for packed operands, of which it
 * has two for each thread that it was built for, at least 50 (NUM_BUFFERS in its common.h). It ends the process when
 * there is none left.
 */
function callersOfOpenBlas(config: string): number | undefined {
  const built = /MAX_THREADS=(\d+)/.exec(config)?.[1]
  return built === undefined ? undefined : Math.max(50, 2 * Number(built))
}

/**
 * Multiply-adds of the largest product that OpenBLAS computes without packing: its kernels for AVX-512 do, from 0.3.18 on
 * (pull request 3335 of OpenBLAS).
 */
function unpackedByOpenBlas(config: string): number {
  const [, patch] = /OpenBLAS 0\.3\.(\d+)/.exec(config) ?? []
  return Number(patch) >= 18 && /SkylakeX|Cooperlake|SapphireRapids/i.test(config) ? 1_000_000 : 0
}

/** Which library this is, by the functions that it has beyond the standard's. Turns its own threads off. */
function identify(find: FindFunction): Identity {
  const setOpenBlas = find('openblas_set_num_threads', 'void', 'int')
  if (setOpenBlas) {
    // Its OpenMP build counts threads for each thread that calls, so every one of ours says it.
    setOpenBlas(1)
    const config = String(find('openblas_get_config', 'str')?.() ?? 'OpenBLAS')
    const unpacked = unpackedByOpenBlas(config)
    const mostThreads = callersOfOpenBlas(config)
    return {
      name: config.trim(),
      unpacked,
      ...(config.includes('USE64BITINT') && { integer: 'int64_t' }),
      ...(mostThreads !== undefined && { mostThreads }),
    }
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

/** What a module that uses the library at `path` imports (see sgemm.ts); nothing for one that uses none. */
export const blasImports = (
  path: string | undefined,
  memory: WebAssembly.Memory,
  addressType: AddressType = 'i32',
): { sgemm?: SgemmImport } => (path === undefined ? {} : { sgemm: loadBlas(path).on(memory, addressType) })
