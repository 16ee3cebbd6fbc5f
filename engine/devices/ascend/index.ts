import type { Kernel } from '../../kernel/kernel.js'
import type { Device, DeviceBuffer, Program } from '../device.js'
import { guarded } from '../guarded.js'
import { Acl } from './acl.js'
import { Chip, hasOnlyFp16, matmulMode, type Precision, precisions } from './chip.js'
import { AscendError } from './errors.js'
import { Launcher } from './launcher.js'
import { type Environment, type Ffi, Libraries, loadFfi, stubFolder, unavailable } from './library.js'
import { type AscendBuffer, addressOf, Memory } from './memory.js'
import { Compiler, type Runnable } from './programs.js'
import { Float64Error, RefusedError } from './sequence.js'

type AscendProgram = Program & { readonly run: Runnable }

/**
 * A Huawei Ascend NPU through the C API of CANN, call for call (`aclnn*` operators), with no code of CANN's in the
 * package: its libraries are loaded when the device is opened. Operators are enqueued on one stream; only `read`
 * waits, with the event loop free, and random bits, which the host computes.
 *
 * Options:
 * - `precision`: 'fp32', 'hf32' or 'fp16', what a matmul's operands are rounded to; by default the best that the chip
 *   has. Also XENOGRAD_ASCEND_PRECISION.
 * - `card`: its number, by default 0. Also XENOGRAD_ASCEND_DEVICE.
 * - `keepExecutors`: whether planned operators are kept and used again, as they are by default; without, each call is
 *   planned anew, for measurements.
 *
 * `load`: the foreign function interface, for measurements and tests.
 *
 * No card was available. Taken from documents and sources, and to be looked at first should a card disagree:
 * - a kernel gets its addresses when it is enqueued, so an executor may be moved to other memory before it has run;
 * - of in-place operators the target is the first input (ops-math, aclnn_copy.cpp), and there is no output;
 * - operators take strided views, also as results, and results in the memory of an operand of the same view;
 * - maximum, minimum and amax hand NaN on; int32 sums and products wrap; casts to int32 saturate, NaN to 0.
 *
 * @throws DeviceUnavailableError when koffi, a library, a function or a card is missing; RangeError for options that
 * make no sense.
 */
export async function ascendDevice(
  options: Readonly<Record<string, string | number | boolean>> = {},
  environment: Environment = process.env,
  load: () => Promise<Ffi> = loadFfi,
): Promise<Device> {
  const { precision, card, keepExecutors } = checkOptions(options, environment)
  const ffi = await load()
  const libraries = new Libraries(ffi, environment)
  libraries.checkComplete()
  const acl = openCard(ffi, libraries, card)
  try {
    return guarded(deviceOn(acl, precision, keepExecutors, stubFolder(environment) !== undefined))
  } catch (error) {
    acl.close()
    throw error
  }
}

/** @throws RangeError that names the first option that makes no sense. */
function checkOptions(
  options: Readonly<Record<string, unknown>>,
  environment: Environment,
): { precision: Precision | undefined; card: number; keepExecutors: boolean } {
  const {
    precision,
    card,
    keepExecutors = true,
    ...unknown
  } = {
    precision: environment.XENOGRAD_ASCEND_PRECISION || undefined,
    card: Number(environment.XENOGRAD_ASCEND_DEVICE ?? 0),
    ...options,
  }
  const [name] = Object.keys(unknown)
  if (name)
    throw new RangeError(`ascend: option ${name} is not known; there are precision, card, keepExecutors`)
  if (precision !== undefined && !precisions.includes(precision as Precision))
    throw new RangeError(`ascend: precision ${precision}; give one of ${precisions.join(', ')}`)
  if (!Number.isInteger(card) || Number(card) < 0)
    throw new RangeError(`ascend: card ${card}; give its number, 0 or more`)
  if (typeof keepExecutors !== 'boolean') throw new RangeError('ascend: keepExecutors: give true or false')
  return { precision: precision as Precision | undefined, card: Number(card), keepExecutors }
}

/** From aclInit to a stream. @throws DeviceUnavailableError when there is no such card, or it is of no use. */
export function openCard(ffi: Ffi, libraries: Libraries, card: number): Acl {
  let acl: Acl
  try {
    acl = new Acl(ffi, libraries, card)
  } catch (error) {
    if (!(error instanceof AscendError)) throw error
    const words = error.message.replace(/^ascend: /, '')
    throw unavailable(`card ${card} cannot be opened: ${words}`, 'check it with `npu-smi info`')
  }
  if (!/^Ascend310B/.test(acl.soc)) return acl
  acl.close()
  throw unavailable(`${acl.soc} has hardly any of the operators`, 'use another card, or wasm')
}

function deviceOn(acl: Acl, asked: Precision | undefined, keepExecutors: boolean, isStub: boolean): Device {
  const mode = matmulMode(acl.soc, asked)
  const memory = new Memory(acl)
  const launcher = new Launcher(acl, memory, keepExecutors)
  const chip = new Chip(acl, mode.cubeMathType, launcher)
  const compiler = new Compiler(chip, launcher, memory)
  const where = isStub ? `Ascend stub posing as ${acl.soc}` : `${acl.soc}, card ${acl.device}`
  const order = acl.deterministic ? 'deterministic' : 'sums in no fixed order'
  return {
    name: 'ascend',
    description: `${where}, ${mode.words}, ${order}, random bits on the host`,
    matmulEps: mode.eps,
    // These chips have no exp, only 2^x, and the rounding of its argument grows with it.
    mapEps: hasOnlyFp16(acl.soc) ? 1e-5 : 1e-6,
    alloc: bytes => memory.alloc(bytes),
    free: buffer => memory.free(buffer as AscendBuffer),
    write: (buffer, data) => memory.write(addressOf(buffer), data),
    read: async buffer => memory.read(addressOf(buffer), buffer.bytes),
    compile(kernel: Kernel): Program | null {
      try {
        return { kernel, run: compiler.compile(kernel) } as AscendProgram
      } catch (error) {
        if (error instanceof Float64Error) return null
        if (!(error instanceof RefusedError)) throw error
        throw new Error(`ascend: ${error.message}; run it on another device`)
      }
    },
    run(program: Program, args: readonly DeviceBuffer[]): void {
      ;(program as AscendProgram).run(args.map(addressOf))
    },
    stats: () => memory.stats(),
    async close() {
      try {
        // A card that was lost has nothing to wait for.
        if (!acl.isLost) acl.synchronise()
      } finally {
        launcher.close()
        memory.close()
        acl.close()
      }
    },
  }
}
