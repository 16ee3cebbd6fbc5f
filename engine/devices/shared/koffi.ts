import { nodeModule } from './node.js'

/** What is used of koffi, the interface to C libraries. It is an optional dependency, so its own types may not be there. */
export type Koffi = {
  load(path: string, options?: { readonly global?: boolean }): KoffiLibrary
  /** The address of memory of the host, or of a symbol. */
  address(memory: unknown): bigint
}

/** A library that koffi has loaded. @throws Error (both methods) for a name that the library does not have. */
export type KoffiLibrary = {
  func(name: string, result: string, args: readonly string[]): NativeFunction
  symbol(name: string): unknown
}

/** A function of a library. Addresses and sizes are numbers or bigints, pointers typed arrays. */
export type NativeFunction = (...args: readonly (number | bigint | ArrayBufferView)[]) => unknown

const requireHere = (): NodeJS.Require | undefined =>
  nodeModule('node:module')?.createRequire(import.meta.url)

/** Why no library can be used where koffi is not installed, and what to do. */
export const koffiMissing = 'koffi is not installed: npm install koffi'

/** Whether koffi can be loaded; it is not loaded to find out. */
export function isKoffiInstalled(): boolean {
  try {
    return requireHere()?.resolve('koffi') !== undefined
  } catch {
    return false
  }
}

/** Load koffi. @throws Error when it cannot be loaded. */
export const requireKoffi = (): Koffi => requireHere()?.('koffi') as Koffi
