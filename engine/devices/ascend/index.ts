import type { Kernel } from '../../kernel/kernel.js'
import type { Device, DeviceBuffer, Launch, Program } from '../device.js'
import { currentEnvironment, type Environment } from '../environment.js'
import { guarded } from '../guarded.js'
import { Acl } from './acl.js'
import { acceptedError, Chip, matmulMode } from './chip.js'
import { AscendError } from './errors.js'
import { capturingOn, Graphs, type Work } from './graphs.js'
import { Hccl } from './hccl.js'
import { closeWhenIdle, Launcher } from './launcher.js'
import { type Ffi, Libraries, loadFfi, stubFolder, unavailable } from './library.js'
import { type AscendBuffer, addressOf, endOf, Memory } from './memory.js'
import type { AscendOptions } from './options.js'
import { OverflowFlag, saturates } from './overflow.js'
import { Compiler, type Runnable } from './programs.js'
import { Float64Error, RefusedError } from './sequence.js'

export { selfCheck } from './selfCheck.js'

/**
 * The device `ascend`, from below upwards: library.ts loads CANN's libraries and finds the functions that prototypes.ts
 * declares; acl.ts is one card with its stream, every call bound (bind.ts) and checked (errors.ts); memory.ts pools device memory. A kernel
 * becomes a sequence of operator calls as plain data: kernels.ts with matmul.ts and rows.ts, scalar.ts for the lines of
 * bodies, sequence.ts for the calls themselves, arguments.ts for a kernel's arguments as tensors. chip.ts finds out
 * whether the card takes a call, launcher.ts plans it (storage.ts: what it is told of memory) and enqueues it,
 * preparedCall.ts keeps the plans, and programs.ts makes a program of them all. overflow.ts asks chips whose floats
 * saturate whether they have overflowed, graphs.ts captures launches that are repeated, hccl.ts adds up over the cards of several processes; process.ts has what all devices of a process share. selfCheck.ts looks at the same parts for `xenograd check`.
 */

type AscendProgram = Program & Runnable

/**
 * A Huawei Ascend NPU through the C API of CANN, call for call (`aclnn*` operators), with no code of CANN's in the
 * package: its libraries are loaded when the device is opened. Operators are enqueued on one stream; only `read`
 * waits, with the event loop free, and random bits where the host computes them.
 *
 * `options`: see options.ts. `environment`: where CANN is. `load`: the foreign function interface, for measurements and tests.
 *
 * No card was available. Read in CANN's source (hicann/opbase, runtime, ops-math, ops-nn as of mid-2026, about CANN 9):
 * - a kernel gets its addresses when it is enqueued, so an executor may be moved to other memory before it has run;
 * - of in-place operators the target is the first input (ops-math, aclnn_copy.cpp), and there is no output;
 * - operators take strided views, also as results, and results in the memory of an operand of the same view. Some irregular
 *   results are written by an AI CPU, slowly, and are planned anew each time (ops-math, view_copy.cpp);
 * - casts of NaN to int32 give 0.
 *
 * To be looked at first should a card disagree: whether maximum, minimum and amax hand NaN on where floats are IEEE's,
 * that int32 sums and products wrap, that casts to int32 saturate, and that plans can be used again: should they not,
 * `keepExecutors: false` is the way out.
 *
 * @throws DeviceUnavailableError when koffi, a library, a function or a card is missing.
 */
export async function ascendDevice(
  options: AscendOptions = {},
  environment: Environment = currentEnvironment(),
  load: () => Promise<Ffi> = loadFfi,
): Promise<Device> {
  const ffi = await load()
  const libraries = new Libraries(ffi, environment)
  libraries.checkComplete()
  const acl = openCard(ffi, libraries, options.card ?? 0)
  try {
    return guarded(deviceOn(acl, options, stubFolder(environment) !== undefined))
  } catch (error) {
    acl.close()
    throw error
  }
}

/** From aclInit to a stream. @throws DeviceUnavailableError when there is no such card, or it is of no use. */
function openCard(ffi: Ffi, libraries: Libraries, card: number): Acl {
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

function deviceOn(
  acl: Acl,
  { precision, capture, keepExecutors = true }: AscendOptions,
  isStub: boolean,
): Device {
  const mode = matmulMode(acl.soc, precision)
  const capturing = capturingOn(acl, capture)
  const memory = new Memory(acl)
  const launcher = new Launcher(acl, memory, keepExecutors)
  const chip = new Chip(acl, mode.cubeMathType, launcher)
  const compiler = new Compiler(chip, launcher, memory)
  const graphs = new Graphs(
    acl,
    () => [compiler.scratchAddress, launcher.workspaceAddress],
    capturing.isDemanded,
  )
  const where = isStub ? `Ascend stub posing as ${acl.soc}` : `${acl.soc}, card ${acl.device}`
  const order = acl.deterministic ? 'deterministic' : 'sums in no fixed order'
  let hccl: Hccl | undefined
  const isSaturating = saturates(acl)
  const flag = isSaturating && acl.watchOverflows() ? new OverflowFlag(acl, memory) : undefined
  const floats = isSaturating ? `, floats saturate and overflows are ${flag ? '' : 'not '}reported` : ''
  return {
    name: 'ascend',
    description: `${where}, ${mode.words}${floats}, ${order}, ${capturing.words}`,
    matmulEps: mode.eps,
    mapEps: acceptedError,
    ...(isSaturating && { saturates: true }),
    ...(flag && { overflowed: () => flag.take() }),
    alloc: bytes => memory.alloc(bytes),
    free: buffer => memory.free(buffer as AscendBuffer),
    write: (buffer, data) => memory.write(addressOf(buffer), data),
    read: async buffer => memory.read(addressOf(buffer), buffer.bytes),
    compile(kernel: Kernel): Program | null {
      try {
        return { kernel, ...compiler.compile(kernel) } as AscendProgram
      } catch (error) {
        if (error instanceof Float64Error) return null
        if (!(error instanceof RefusedError)) throw error
        throw new Error(`ascend: ${error.message}; run it on another device`)
      }
    },
    run: enqueue,
    ...(capturing.isOn && {
      runAll: (launches: readonly Launch[]) => graphs.run(launches, workOf(launches)),
      forget: (launches: readonly Launch[]) => graphs.forget(launches),
    }),
    pairing: () => (hccl ??= Hccl.load(acl)),
    release: program => (program as AscendProgram).release(),
    stats: () => memory.stats(),
    async close() {
      try {
        closeWhenIdle(acl, ...(hccl ? [hccl] : []), graphs, launcher, memory)
      } finally {
        acl.close()
      }
    },
  }
}

function enqueue(program: Program, args: readonly DeviceBuffer[]): void {
  ;(program as AscendProgram).run(args.map(addressOf), args.map(endOf))
}

const workOf = (launches: readonly Launch[]): Work => ({
  addresses: launches.flatMap(({ args }) => args.map(addressOf)),
  isOnCard: launches.every(({ program }) => (program as AscendProgram).isOnCard),
  enqueue() {
    for (const { program, args } of launches) enqueue(program, args)
  },
})
