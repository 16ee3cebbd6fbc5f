import type { CheckLine, Device } from '../devices/device.js'
import { gpuDevice } from '../devices/gpu/index.js'
import { referenceDevice } from '../devices/reference/index.js'
import { hostTarget } from '../devices/wasm/assembly/target.js'
import { wasmDevice } from '../devices/wasm/index.js'
import { Runtime } from './runtime.js'

/** What a device is opened with, beyond its name; each factory says what it knows. */
export type DeviceOptions = Readonly<Record<string, string | number | boolean>>

/** Opens a device. Throws, or rejects with, a DeviceUnavailableError that says what is missing and how to get it. */
export type DeviceFactory = (options: DeviceOptions) => Device | Promise<Device>

const textOf = (option: DeviceOptions[string] | undefined): string | undefined =>
  option === undefined ? undefined : String(option)

const factories = new Map<string, DeviceFactory>([
  ['wasm', ({ blas, vectors }) => wasmDevice(hostTarget(textOf(vectors)), undefined, textOf(blas))],
  ['reference', referenceDevice],
  ['gpu', gpuDevice],
  // Loaded when it is opened: a browser has no use for it.
  ['ascend', async options => (await import('../devices/ascend/index.js')).ascendDevice(options)],
])
const open = new Map<string, Runtime>()
const opening = new Map<string, Promise<Runtime>>()
let defaultName = 'wasm'

/**
 * What a device finds when it looks at its own parts (libraries, card, memory) from below upwards, for devices that
 * can; others find nothing. It needs nothing to be there and opens no device for good.
 */
export async function* selfCheck(name: string): AsyncGenerator<CheckLine> {
  factoryOf(name)
  if (name === 'ascend') yield* (await import('../devices/ascend/selfCheck.js')).selfCheck()
}

/** Make a device known under a name; `factory` is called when it is first used. Throws on a taken name. */
export function registerDevice(name: string, factory: DeviceFactory): void {
  if (factories.has(name)) throw new Error(`device '${name}' is registered already; choose another name`)
  factories.set(name, factory)
}

/** The names of all known devices, the default first. */
export const deviceNames = (): string[] => [...factories.keys()]

function factoryOf(name: string): DeviceFactory {
  const factory = factories.get(name)
  if (!factory) throw new Error(`device '${name}' is not known; there are ${deviceNames().join(', ')}`)
  return factory
}

/**
 * The device of a name (default: the default device), opened when first asked for.
 * @throws Error for an unknown name, when the device cannot be opened, or when opening it takes waiting (a GPU's
 * adapter, say) and nobody has awaited `openDevice`.
 */
export function device(name = defaultName): Runtime {
  const known = open.get(name)
  if (known) return known
  const made = opening.get(name) ?? factoryOf(name)({})
  if (!(made instanceof Promise)) return keep(name, made)
  if (!opening.has(name)) {
    const ready = made.then(opened => keep(name, opened as Device)).finally(() => opening.delete(name))
    // Who awaits openDevice learns of a failure.
    ready.catch(() => {})
    opening.set(name, ready)
  }
  throw new Error(`device '${name}' takes waiting to open: await openDevice('${name}') first`)
}

/**
 * Open a device, with options that its factory knows; later calls of `device` find it.
 * @throws Error for an unknown name, when it is open already and options are given, or when it cannot be opened.
 */
export async function openDevice(name = defaultName, options: DeviceOptions = {}): Promise<Runtime> {
  if (Object.keys(options).length && (open.has(name) || opening.has(name)))
    throw new Error(`device '${name}' is open already; give options when it is first opened`)
  const known = open.get(name) ?? opening.get(name)
  if (known) return known
  const factory = factoryOf(name)
  const made = (async () => keep(name, await factory(options)))()
  opening.set(name, made)
  return made.finally(() => opening.delete(name))
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

function keep(name: string, opened: Device): Runtime {
  const runtime = new Runtime(opened, name)
  open.set(name, runtime)
  return runtime
}

/** Choose the device on which values are computed unless a compiled function says otherwise. */
export function setDefaultDevice(name: string): Runtime {
  const runtime = device(name)
  defaultName = name
  return runtime
}
