import {
  isKoffiInstalled,
  type Koffi,
  type KoffiLibrary,
  koffiMissing,
  type NativeFunction,
  requireKoffi,
} from '../devices/shared/koffi.js'
import type { Launch } from './launcher.js'

/** A handle of MPI's: a number, or the address of what it stands for. */
type Handle = number | bigint

/** What differs between binary interfaces (ABIs) of MPI, as far as it is used here. */
export type Abi = {
  readonly name: string
  /** The C type of handles. */
  readonly handle: 'int' | 'uintptr_t'
  readonly world: Handle
  readonly sum: Handle
  readonly types: {
    readonly byte: Handle
    readonly int32: Handle
    readonly float32: Handle
    readonly float64: Handle
  }
}

/** A library of MPI that is loaded. */
export type MpiLibrary = {
  readonly path: string
  readonly abi: Abi
  /** The address of memory of the host. */
  address(memory: ArrayBufferView): bigint
  /**
   * A function by its name and the types of its arguments; `handle` is that of handles.
   * @throws Error when the library has none of that name.
   */
  func(name: string, ...args: readonly string[]): NativeFunction
}

/** Open MPI's handles are addresses of its own objects. */
function openMpi(koffi: Koffi, library: KoffiLibrary): Abi {
  const address = (symbol: string) => koffi.address(library.symbol(symbol))
  return {
    name: 'Open MPI',
    handle: 'uintptr_t',
    world: address('ompi_mpi_comm_world'),
    sum: address('ompi_mpi_op_sum'),
    types: {
      byte: address('ompi_mpi_byte'),
      int32: address('ompi_mpi_int'),
      float32: address('ompi_mpi_float'),
      float64: address('ompi_mpi_double'),
    },
  }
}

/** MPICH's, which Intel MPI and MVAPICH share (the MPICH ABI Compatibility Initiative): numbers, from its mpi.h. */
const mpich: Abi = {
  name: 'MPICH',
  handle: 'int',
  world: 0x44000000,
  sum: 0x58000003,
  types: { byte: 0x4c00010d, int32: 0x4c000405, float32: 0x4c00040a, float64: 0x4c00080b },
}

/**
 * The standard one (MPI 5.0, section 20, "Application Binary Interface"): small numbers in the place of addresses; these
 * are in MPICH's src/binding/abi/mpi_abi.h.
 */
const standard: Abi = {
  name: 'MPI 5',
  handle: 'uintptr_t',
  world: 0x101,
  sum: 0x21,
  types: { byte: 0x247, int32: 0x209, float32: 0x210, float64: 0x214 },
}

/** Which binary interface a library has. */
function abiOf(koffi: Koffi, library: KoffiLibrary, path: string): Abi {
  if (/libmpi_abi\b/.test(path)) return standard
  try {
    return openMpi(koffi, library)
  } catch {
    return mpich // which exports no names of its own to tell it by
  }
}

/** What libraries of MPI are called, those first that go with a launcher: others would not know its processes. */
function fileNames({ launcher }: Pick<Launch, 'launcher'>): string[] {
  const openMpi = ['libmpi.so.40']
  const mpich = ['libmpich.so.12', 'libmpi.so.12']
  const standard = ['libmpi_abi.so.1', 'libmpi_abi.so.0', 'libmpi_abi.so']
  if (launcher.includes('Open MPI')) return [...openMpi, ...standard]
  if (launcher.includes('MPICH')) return [...mpich, ...standard]
  return [...standard, ...openMpi, ...mpich]
}

/**
 * Load a library of MPI: the one at a path, or with `auto` the first that is found of those that go with the launcher.
 * @throws Error without koffi, and when no library can be loaded.
 */
export function loadMpi(choice: string, launch: Pick<Launch, 'launcher'>): MpiLibrary {
  if (!isKoffiInstalled()) throw new Error(`MPI: ${koffiMissing}`)
  const koffi = requireKoffi()
  const names = choice === 'auto' ? fileNames(launch) : [choice]
  const reasons: string[] = []
  for (const path of names)
    try {
      // Open MPI's components use symbols of the library itself.
      const library = koffi.load(path, { global: true })
      const abi = abiOf(koffi, library, path)
      const typed = (type: string) => (type === 'handle' ? abi.handle : type)
      return {
        path,
        abi,
        address: memory => koffi.address(memory),
        func: (name, ...args) => library.func(name, 'int', args.map(typed)),
      }
    } catch (error) {
      reasons.push((error as Error).message)
    }
  throw new Error(
    choice === 'auto'
      ? `MPI: this process was started by ${launch.launcher}, and no library of MPI is found (looked for ${names.join(', ')}); install that launcher's MPI (Debian: openmpi-bin or mpich), or give the library's path`
      : `MPI '${choice}': it cannot be loaded (${reasons[0]}); give the path of libmpi.so (Open MPI), libmpich.so (MPICH) or libmpi_abi.so (MPI 5)`,
  )
}
