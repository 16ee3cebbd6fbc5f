import { ascendOptions } from '../devices/ascend/options.js'
import type { CheckLine, Device } from '../devices/device.js'
import { gpuOptions } from '../devices/gpu/options.js'
import {
  type DeviceOptions,
  type OptionTable,
  type OptionValues,
  resolveOptions,
} from '../devices/options.js'
import { referenceDevice } from '../devices/reference/index.js'
import { wasmDevice } from '../devices/wasm/index.js'
import { wasmOptions } from '../devices/wasm/options.js'
import { Runtime } from './runtime.js'

/**
 * Opens a device of a kind, with options that were checked.
 * @throws DeviceUnavailableError (or rejects with it) when something is missing: what, and how to get it.
 */
export type DeviceFactory<T extends OptionTable = OptionTable> = (
  options: OptionValues<T>,
) => Device | Promise<Device>

/** What a kind of device may have beside its factory. */
export type DeviceKindOptions<T extends OptionTable = OptionTable> = {
  /** The options that it knows; all others are refused. None if not given. */
  readonly options?: T
  /** What it finds when it looks at its own parts (libraries, card, memory) from below upwards, a line each. */
  selfCheck?(options: OptionValues<T>): AsyncIterable<CheckLine>
}

/** A name under which a device can be opened: how, and with which options. */
type DeviceKind<T extends OptionTable = OptionTable> = DeviceKindOptions<T> & {
  readonly options: T
  // A method, so that kinds with options of their own fit into one table.
  open(options: OptionValues<T>): Device | Promise<Device>
}

const noOptions = {} as const satisfies OptionTable

const wasm: DeviceKind<typeof wasmOptions> = { options: wasmOptions, open: wasmDevice }
const reference: DeviceKind<typeof noOptions> = { options: noOptions, open: referenceDevice }
// The code of devices that few use is loaded when they are opened: programs start sooner, and pages load less.
const gpu: DeviceKind<typeof gpuOptions> = {
  options: gpuOptions,
  open: async options => (await import('../devices/gpu/index.js')).gpuDevice(options),
}
const ascend: DeviceKind<typeof ascendOptions> = {
  options: ascendOptions,
  open: async options => (await import('../devices/ascend/index.js')).ascendDevice(options),
  selfCheck: async function* (options) {
    yield* (await import('../devices/ascend/index.js')).selfCheck(options)
  },
}

const kinds = new Map<string, DeviceKind>(Object.entries({ wasm, reference, gpu, ascend }))

/**
 * What each device may be opened with. A package that adds a device can have its options checked by the compiler, too:
 * `declare module 'xenograd' { interface KnownDevices { mine: { speed?: number } } }`.
 */
export interface KnownDevices {
  wasm: OptionValues<typeof wasmOptions>
  reference: Readonly<Record<string, never>>
  gpu: OptionValues<typeof gpuOptions>
  ascend: OptionValues<typeof ascendOptions>
}

/** The options of the device of a name; those of a device that the compiler does not know are checked when it is opened. */
export type OptionsOf<Name extends string> = Name extends keyof KnownDevices
  ? KnownDevices[Name]
  : DeviceOptions

/** Devices that are open, and those that are being opened, by name. */
const open = new Map<string, Runtime>()
const opening = new Map<string, Promise<Runtime>>()
let defaultName = 'wasm'

/**
 * Make a device known under a name; `factory` is called when it is first used.
 * @throws Error for a name that is taken.
 */
export function registerDevice<T extends OptionTable = typeof noOptions>(
  name: string,
  factory: DeviceFactory<T>,
  { options, selfCheck }: DeviceKindOptions<T> = {},
): void {
  if (kinds.has(name)) throw new Error(`device '${name}' is registered already; choose another name`)
  kinds.set(name, { options: options ?? noOptions, open: factory, selfCheck })
}

/** The names of all known devices: the built-in ones, `wasm` first, then those that were registered, in their order. */
export const deviceNames = (): string[] => [...kinds.keys()]

/** The options that a device knows, by name. @throws Error for an unknown device. */
export const deviceOptions = (name: string): OptionTable => kindOf(name).options

function kindOf(name: string): DeviceKind {
  const kind = kinds.get(name)
  if (!kind) throw new Error(`device '${name}' is not known; there are ${deviceNames().join(', ')}`)
  return kind
}

/**
 * What a device finds when it looks at its own parts from below upwards, for devices that can; others find nothing. It
 * needs nothing to be there and opens no device for good.
 * @throws Error for an unknown name, RangeError for options that it does not know.
 */
export async function* selfCheck<Name extends string>(
  name: Name,
  options?: OptionsOf<Name>,
): AsyncGenerator<CheckLine> {
  const kind = kindOf(name)
  yield* kind.selfCheck?.(resolveOptions(name, kind.options, options)) ?? []
}

function start(name: string, options?: DeviceOptions): Device | Promise<Device> {
  const kind = kindOf(name)
  return kind.open(resolveOptions(name, kind.options, options))
}

/**
 * The device of a name (default: the default device), opened when first asked for, with the options that the
 * environment gives.
 * @throws Error for an unknown name, when the device cannot be opened, or when opening it takes waiting (a GPU's
 * adapter, say) and nobody has awaited `openDevice`.
 */
export function device(name = defaultName): Runtime {
  const known = open.get(name)
  if (known) return known
  if (!opening.has(name)) {
    const started = start(name)
    if (!(started instanceof Promise)) return keep(name, started)
    // Who awaits openDevice learns of a failure.
    keepLater(name, started).catch(() => {})
  }
  throw new Error(`device '${name}' takes waiting to open: await openDevice('${name}') first`)
}

/**
 * Open a device, with options that it knows (`deviceOptions`); later calls of `device` find it. Options that are not
 * given come from the environment.
 * @throws Error for an unknown name, when it is open already and options are given, or when it cannot be opened;
 * RangeError for options that it does not know, or values that make no sense.
 */
export async function openDevice<Name extends string>(
  name: Name | undefined = undefined,
  options?: OptionsOf<Name>,
): Promise<Runtime> {
  const wanted = name ?? defaultName
  const known = open.get(wanted) ?? opening.get(wanted)
  if (known && Object.values(options ?? {}).some(value => value !== undefined))
    throw new Error(`device '${wanted}' is open already; give options when it is first opened`)
  return known ?? keepLater(wanted, (async () => start(wanted, options))())
}

/** Remember that a device is being opened, until it is open or has failed. */
function keepLater(name: string, started: Promise<Device>): Promise<Runtime> {
  const ready = started.then(opened => keep(name, opened)).finally(() => opening.delete(name))
  opening.set(name, ready)
  return ready
}

function keep(name: string, opened: Device): Runtime {
  const runtime = new Runtime(opened, name)
  open.set(name, runtime)
  return runtime
}

/**
 * Close a device, if it is open: finish its work and release everything. Tensors on it have no value any more; who uses
 * the device next opens another.
 */
export async function closeDevice(name: string): Promise<void> {
  const runtime = open.get(name) ?? (await opening.get(name))
  open.delete(name)
  await runtime?.close()
}

/**
 * Choose the device on which values are computed unless a compiled function says otherwise.
 * @throws Error as `device` does; the choice is then what it was.
 */
export function setDefaultDevice(name: string): Runtime {
  const runtime = device(name)
  defaultName = name
  return runtime
}
