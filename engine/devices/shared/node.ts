/**
 * What only Node has, for code that runs in browsers as well: there it is undefined. No other file of the engine asks for
 * the process or imports Node's modules: bundlers for browsers would look for them.
 */

/** The process; undefined in a browser. */
export const nodeProcess = (): NodeJS.Process | undefined =>
  (globalThis as { process?: NodeJS.Process }).process

/** The modules of Node's that devices make use of. */
type NodeModules = {
  readonly 'node:child_process': typeof import('node:child_process')
  readonly 'node:fs': typeof import('node:fs')
  readonly 'node:module': typeof import('node:module')
  readonly 'node:os': typeof import('node:os')
  readonly 'node:path': typeof import('node:path')
  readonly 'node:timers/promises': typeof import('node:timers/promises')
  readonly 'node:url': typeof import('node:url')
  readonly 'node:v8': typeof import('node:v8')
  readonly 'node:worker_threads': typeof import('node:worker_threads')
}

/** A module of Node's; undefined in a browser. */
export const nodeModule = <Id extends keyof NodeModules>(id: Id): NodeModules[Id] | undefined =>
  nodeProcess()?.getBuiltinModule?.(id)

/** A module of Node's, for code that runs nowhere else. @throws Error in a browser. */
export function requireNode<Id extends keyof NodeModules>(id: Id): NodeModules[Id] {
  const module = nodeModule(id)
  if (!module) throw new Error(`${id} is not there: this part of xenograd runs in Node 20.16 or later`)
  return module
}

/** Set a flag of V8's, for the whole process; does nothing in a browser. */
export const setV8Flag = (flag: string): void => nodeModule('node:v8')?.setFlagsFromString(flag)

/**
 * Do `body` with a flag of V8's on or off, for the whole process, and then as it is by default; flags that the process was
 * started with stay.
 */
export function withV8Flag<T>(name: string, on: boolean, body: () => T): T {
  const [yes, no] = [`--${name}`, `--no-${name}`]
  if (nodeProcess()?.execArgv.some(flag => flag === yes || flag === no)) return body()
  setV8Flag(on ? yes : no)
  try {
    return body()
  } finally {
    setV8Flag(on ? no : yes)
  }
}

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
