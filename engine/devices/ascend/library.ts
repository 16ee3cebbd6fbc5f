import { DeviceUnavailableError } from '../device.js'
import type { Environment } from '../environment.js'
import { requireNode } from '../shared/node.js'
import { declaredName, type OperatorName, opaqueTypes, operatorPrototypes } from './prototypes.js'

/** A bound C function. Pointers are numbers (addresses), BigInts (handles) or typed arrays (host memory). */
export type CFunction = (...args: readonly unknown[]) => unknown

/** One shared library. */
export type Library = {
  /**
   * A function by its C prototype.
   * @throws Error when the library has no such symbol.
   */
  func(prototype: string): CFunction
}

/** How libraries are loaded and host memory is seen: koffi, or a fake in tests. */
export type Ffi = {
  load(path: string, options: { global: boolean }): Library
  /** Host memory at an address. */
  view(address: number, bytes: number): ArrayBuffer
}

/** The error of a part that is missing: what, and how to get it. */
export const unavailable = (missing: string, advice: string): DeviceUnavailableError =>
  new DeviceUnavailableError(`device 'ascend' is not available: ${missing}; ${advice}`)

/** What is used of koffi. It is an optional dependency, so its own types may not be there. */
type Koffi = Ffi & {
  /** Declares a type. Types have global names in koffi, so each is declared once a process. */
  opaque(name: string): unknown
}
const declaredTypes = new Set<string>()

/**
 * Libraries by path, for as long as the process lives: koffi unloads one that nothing refers to any more, and a library
 * that has threads and state of its own is not to go between two devices.
 */
const loadedLibraries = new Map<string, Library>()

/** The foreign function interface: the optional dependency koffi. @throws DeviceUnavailableError without it. */
export async function loadFfi(): Promise<Ffi> {
  // A variable, or the compiler of TypeScript would look for the package.
  const name: string = 'koffi'
  const koffi = await import(name).then(
    (module: { default: Koffi }) => module.default,
    (error: Error) => {
      throw unavailable(`the package koffi cannot be loaded (${firstLine(error)})`, 'npm install koffi')
    },
  )
  for (const type of opaqueTypes) {
    if (!declaredTypes.has(type)) koffi.opaque(type)
    declaredTypes.add(type)
  }
  return {
    load(path, options) {
      const library = loadedLibraries.get(path) ?? koffi.load(path, options)
      loadedLibraries.set(path, library)
      return library
    },
    view: (address, bytes) => koffi.view(address, bytes),
  }
}

const firstLine = (error: Error): string => error.message.split('\n')[0]

/** The folder of the tests' stub, which takes the place of CANN when ASCEND_STUB names it; nothing else loads it. */
export const stubFolder = (environment: Environment): string | undefined =>
  environment.ASCEND_STUB || undefined

/** Folders that libraries are looked for in, in order; an empty one leaves it to the loader (LD_LIBRARY_PATH). */
export function searchFolders(environment: Environment): string[] {
  const stub = stubFolder(environment)
  if (stub) return [stub]
  const homes = [environment.ASCEND_HOME_PATH, environment.ASCEND_TOOLKIT_HOME]
  return [...new Set(homes.flatMap(home => (home ? [requireNode('node:path').join(home, 'lib64')] : []))), '']
}

type LibraryFile = {
  readonly file: string
  /** What it is a library of; one of each is needed. Without, it is loaded only because others may want it. */
  readonly part?: 'runtime' | 'tensors' | 'operators'
  /** Libraries beside which it is not loaded. */
  readonly notBeside?: readonly string[]
}

const splitOperators = ['libopapi_math.so', 'libopapi_nn.so']

/**
 * In the order of loading: later ones use symbols of those before them, and a symbol is looked for in all of them.
 *
 * CANN splits its libraries. Operators come by kind now, and the library of all of them is not supported together with
 * those (hicann/ops-math `docs/zh/op_api_list.md`). libascendcl.so is to go after 2026; of what takes its place the device
 * needs libacl_rt.so (release notes of CANN 8.5, interfaces to be removed).
 */
export const libraryFiles: readonly LibraryFile[] = [
  { file: 'libascend_protobuf.so' },
  { file: 'libascendcl.so', part: 'runtime' },
  { file: 'libacl_rt.so', part: 'runtime', notBeside: ['libascendcl.so'] },
  { file: 'libnnopbase.so', part: 'tensors' },
  ...splitOperators.map(file => ({ file, part: 'operators' }) as const),
  { file: 'libopapi.so', part: 'operators', notBeside: splitOperators },
  { file: 'libaclnn_math.so', part: 'operators', notBeside: splitOperators },
  { file: 'libaclnn_ops_infer.so', part: 'operators', notBeside: splitOperators },
]

const advice =
  'install the CANN toolkit and the kernels package for the card, and `source <cann>/set_env.sh` before starting Node'

/** Where a library was loaded from, or why it was not. */
type LoadResult = { readonly path: string } | { readonly reason: string }

/** The loaded libraries: functions by name, wherever they are. */
export class Libraries {
  /** What came of loading, by the file's name. */
  readonly results = new Map<string, LoadResult>()
  readonly #libraries: Library[] = []
  readonly #functions = new Map<string, CFunction | undefined>()
  readonly #operators = new Map<OperatorName, { plan: CFunction; launch: CFunction } | undefined>()

  /** Loads what there is; `checkComplete` says whether it is enough. */
  constructor(
    ffi: Ffi,
    readonly environment: Environment,
  ) {
    const folders = searchFolders(environment)
    for (const { file, notBeside = [] } of libraryFiles) {
      const other = notBeside.find(loaded => this.#isLoaded(loaded))
      const result = other ? { reason: `not loaded beside ${other}` } : this.#load(ffi, folders, file)
      this.results.set(file, result)
    }
  }

  /** Load a library that is not needed for one card, too, if it is there and not loaded yet. */
  add(ffi: Ffi, file: string): void {
    if (!this.results.has(file))
      this.results.set(file, this.#load(ffi, searchFolders(this.environment), file))
  }

  #isLoaded(file: string): boolean {
    return 'path' in (this.results.get(file) ?? {})
  }

  #load(ffi: Ffi, folders: readonly string[], file: string): LoadResult {
    let reason = ''
    for (const folder of folders) {
      const path = folder ? requireNode('node:path').join(folder, file) : file
      try {
        this.#libraries.push(ffi.load(path, { global: true }))
        return { path }
      } catch (error) {
        reason = firstLine(error as Error)
      }
    }
    return { reason }
  }

  /** @throws DeviceUnavailableError that names the first library that is needed and missing. */
  checkComplete(): void {
    const loaded = libraryFiles.filter(({ file }) => this.#isLoaded(file)).map(({ part }) => part)
    const missing = libraryFiles.find(({ part }) => part && !loaded.includes(part))
    if (!missing) return
    const folders = searchFolders(this.environment).map(folder => folder || 'LD_LIBRARY_PATH')
    throw unavailable(`${missing.file} cannot be loaded from ${folders.join(', ')}`, advice)
  }

  /** A function by its prototype, or undefined when no library has it. */
  optional(prototype: string): CFunction | undefined {
    const name = declaredName(prototype)
    if (!this.#functions.has(name)) this.#functions.set(name, this.#bind(prototype))
    return this.#functions.get(name)
  }

  #bind(prototype: string): CFunction | undefined {
    for (const library of this.#libraries)
      try {
        return library.func(prototype)
      } catch {
        // Not in this library.
      }
    return undefined
  }

  /**
   * A function by its prototype.
   * @throws DeviceUnavailableError when no library has it.
   */
  required(prototype: string): CFunction {
    const bound = this.optional(prototype)
    if (bound) return bound
    throw unavailable(
      `the libraries have no function ${declaredName(prototype)}`,
      'this version of CANN is too old; install 8.0 or later',
    )
  }

  /** Both phases of an operator, or undefined when this version of CANN lacks it. */
  operator(name: OperatorName): { plan: CFunction; launch: CFunction } | undefined {
    if (!this.#operators.has(name)) {
      const prototypes = operatorPrototypes(name)
      const plan = this.optional(prototypes.plan)
      const launch = this.optional(prototypes.launch)
      this.#operators.set(name, plan && launch && { plan, launch })
    }
    return this.#operators.get(name)
  }
}
