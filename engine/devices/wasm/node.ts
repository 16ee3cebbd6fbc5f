/**
 * What only Node has, for code that runs in browsers as well: there it is undefined. No other file of this device asks
 * for the process or for Node's modules.
 */

/** The process; undefined in a browser. */
export const nodeProcess = (): NodeJS.Process | undefined =>
  (globalThis as { process?: NodeJS.Process }).process

/** The modules of Node's that this device makes use of. */
type NodeModules = {
  readonly 'node:fs': typeof import('node:fs')
  readonly 'node:module': typeof import('node:module')
  readonly 'node:os': typeof import('node:os')
  readonly 'node:v8': typeof import('node:v8')
  readonly 'node:worker_threads': typeof import('node:worker_threads')
}

/** A module of Node's; undefined in a browser. */
export const nodeModule = <Id extends keyof NodeModules>(id: Id): NodeModules[Id] | undefined =>
  nodeProcess()?.getBuiltinModule?.(id)

/** Set a flag of V8's, for the whole process; does nothing in a browser. */
export const setV8Flag = (flag: string): void => nodeModule('node:v8')?.setFlagsFromString(flag)

/** The contents of a text file; undefined where it cannot be read, and in a browser. */
export function readText(path: string): string | undefined {
  try {
    return nodeModule('node:fs')?.readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** A path with its links resolved: the name of a library's file tells its version. The path itself if there is no such file. */
export function realPath(path: string): string {
  try {
    return nodeModule('node:fs')?.realpathSync(path) ?? path
  } catch {
    return path
  }
}
