import { setCreationHook, Tensor } from './graph/tensor.js'
import { leaves, type Tree } from './graph/tree.js'
import { realise } from './runtime/execute.js'

type Scope = { readonly made: Tensor[] }
const scopes: Scope[] = []
/** Where live tensors were made, while the leak reporter is on. */
let origins: Map<Tensor, string> | undefined

/** Tensors are recorded only while somebody wants to know. */
function updateHook(): void {
  if (!scopes.length && !origins) setCreationHook(undefined)
  else
    setCreationHook(t => {
      scopes[scopes.length - 1]?.made.push(t)
      origins?.set(t, origin())
    })
}

function enter(): Scope {
  const scope = { made: [] }
  scopes.push(scope)
  updateHook()
  return scope
}

function leave(scope: Scope, kept: ReadonlySet<Tensor>): void {
  scopes.splice(scopes.indexOf(scope), 1)
  updateHook()
  const outer = scopes[scopes.length - 1]
  const freed = new Set(scope.made.filter(t => t.storage && !kept.has(t)))
  // What is returned but not computed yet may need a value that goes now.
  realise([...kept].filter(t => reaches(t, freed)))
  for (const t of freed) t.dispose()
  for (const t of scope.made) if (kept.has(t)) outer?.made.push(t)
}

/** Whether computing a tensor would read one of `values`. */
function reaches(tensor: Tensor, values: ReadonlySet<Tensor>): boolean {
  const seen = new Set<Tensor>()
  const stack = [tensor]
  for (let t = stack.pop(); t !== undefined; t = stack.pop()) {
    if (values.has(t)) return true
    if (t.storage || seen.has(t)) continue
    seen.add(t)
    stack.push(...t.inputs)
  }
  return false
}

/** Tensors anywhere in a result: trees, and whatever else people return beside them. */
function tensorsIn(value: unknown): Set<Tensor> {
  if (value instanceof Tensor) return new Set([value])
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return new Set()
  return new Set(Object.values(value).flatMap(v => [...tensorsIn(v)]))
}

/**
 * Run `body`, then free the values of all tensors made in it, except those that it returns (in records or arrays).
 * `body` may be asynchronous; then no other asynchronous scope may run at the same time.
 */
export function scope<T>(body: () => T): T {
  const scope = enter()
  let value: T
  try {
    value = body()
  } catch (error) {
    leave(scope, new Set())
    throw error
  }
  if (value instanceof Promise)
    return value.then(
      v => {
        leave(scope, tensorsIn(v))
        return v
      },
      error => {
        leave(scope, new Set())
        throw error
      },
    ) as T
  leave(scope, tensorsIn(value))
  return value
}

/** Run `body` outside of all scopes: what it makes is handed over, to be freed by the caller. @internal */
export function collect<T>(body: () => T): { value: T; made: readonly Tensor[] } {
  const scope = enter()
  try {
    return { value: body(), made: scope.made }
  } finally {
    scopes.splice(scopes.indexOf(scope), 1)
    updateHook()
  }
}

/** Free the values of all tensors of a tree. */
export function dispose(tree: Tree): void {
  for (const t of leaves(tree)) t.dispose()
}

/**
 * The leak reporter: from now on remember where every tensor is made (slow: for debugging).
 * Returns a function that lists the tensors which still hold device memory, with the line that made each, the largest
 * first, and stops remembering.
 */
export function reportLeaks(): () => string[] {
  const made = new Map<Tensor, string>()
  origins = made
  updateHook()
  return () => {
    origins = undefined
    updateHook()
    return [...made]
      .filter(([t]) => t.storage)
      .sort(([a], [b]) => b.storage!.buffer.bytes - a.storage!.buffer.bytes)
      .map(([t, where]) => `${t}: ${t.storage!.buffer.bytes} bytes, made at ${where}`)
  }
}

/** The first line of the call stack outside of the engine. */
function origin(): string {
  const here = import.meta.url.replace(/scope\.[jt]s$/, '')
  const lines = (new Error().stack ?? '').split('\n').slice(1)
  const line = lines.find(l => !l.includes(here)) ?? lines[lines.length - 1] ?? 'an unknown place'
  return line.trim().replace(/^at /, '')
}
