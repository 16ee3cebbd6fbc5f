import { context, within } from './graph/context.js'
import { Tensor } from './graph/tensor.js'
import { leaves, type Tree } from './graph/tree.js'
import { realise } from './runtime/execute.js'

/**
 * Run `body`, then free the values of all tensors made in it, except those that it returns (alone, in records or in
 * arrays). Those belong to the scope around, if there is one.
 *
 * `body` may be asynchronous. The scope then stays open while it waits, and **takes all tensors that are made meanwhile,
 * also by other code**: make what is to outlive it before, or after, or return it.
 * @throws Error (rejects) when another asynchronous scope began meanwhile and is still open.
 */
export function scope<T>(body: () => T): T {
  const made: Tensor[] = []
  let value: T
  try {
    value = within({ scope: made }, body)
  } catch (error) {
    leave(made, new Set())
    throw error
  }
  if (value instanceof Promise)
    return value.then(
      result => {
        leave(made, tensorsIn(result))
        return result
      },
      error => {
        leave(made, new Set())
        throw error
      },
    ) as T
  leave(made, tensorsIn(value))
  return value
}

/** The end of a scope: free what was made in it except `kept`, which the scope around takes over. */
function leave(made: readonly Tensor[], kept: ReadonlySet<Tensor>): void {
  const freed = new Set(made.filter(t => t.storage && !kept.has(t)))
  // What is returned but not computed yet may need a value that is freed now: compute it before.
  realise([...kept].filter(t => reaches(t, freed)))
  for (const t of freed) {
    t.dispose()
    t.gone = 'the scope that was open when it was made has ended; return it from there, or make it outside'
  }
  context().scope?.push(...made.filter(t => kept.has(t)))
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

/** Run `body` outside of all scopes: the caller frees what is made in it. @internal */
export function collect<T>(body: () => T): { value: T; made: readonly Tensor[] } {
  const made: Tensor[] = []
  return { value: within({ scope: made }, body), made }
}

/** Free the values of all tensors of a tree. @throws TypeError for what is no tree of tensors. */
export function dispose(tree: Tree): void {
  for (const t of leaves(tree)) t.dispose()
}

/**
 * The leak reporter: from now on remember where every tensor is made (slow: for debugging). Returns a function that
 * stops remembering, and lists the tensors that still hold device memory, with the line that made each, largest first.
 */
export function reportLeaks(): () => string[] {
  const { origins } = context()
  const made = new Map<Tensor, string>()
  origins.of = made
  return () => {
    origins.of = undefined
    return [...made]
      .flatMap(([t, where]) => (t.storage ? [{ t, where, bytes: t.storage.buffer.bytes }] : []))
      .sort((a, b) => b.bytes - a.bytes)
      .map(({ t, where, bytes }) => `${t}: ${bytes} bytes, made at ${where}`)
  }
}
