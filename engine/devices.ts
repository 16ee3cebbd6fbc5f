import type { Device } from './device.js'
import { referenceDevice } from './devices/reference/index.js'
import { wasmDevice } from './devices/wasm/index.js'
import { Runtime } from './runtime.js'

const factories = new Map<string, () => Device>([
  ['wasm', wasmDevice],
  ['reference', referenceDevice],
])
const open = new Map<string, Runtime>()
let defaultName = 'wasm'

/** Make a device known under a name; `factory` is called when it is first used. Throws on a taken name. */
export function registerDevice(name: string, factory: () => Device): void {
  if (factories.has(name)) throw new Error(`device '${name}' is registered already; choose another name`)
  factories.set(name, factory)
}

/** The names of all known devices, the default first. */
export const deviceNames = (): string[] => [...factories.keys()]

/**
 * The device of a name (default: the default device), opened when first asked for.
 * @throws Error for an unknown name, or when the device cannot be opened.
 */
export function device(name = defaultName): Runtime {
  const known = open.get(name)
  if (known) return known
  const factory = factories.get(name)
  if (!factory) throw new Error(`device '${name}' is not known; there are ${deviceNames().join(', ')}`)
  const runtime = new Runtime(factory())
  open.set(name, runtime)
  return runtime
}

/** Choose the device on which values are computed unless a compiled function says otherwise. */
export function setDefaultDevice(name: string): Runtime {
  const runtime = device(name)
  defaultName = name
  return runtime
}
