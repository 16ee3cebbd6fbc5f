import type { Op } from './tensor.js'

const ops = new Map<string, Op>()

/**
 * Make an operation known by its name, to the generated tests and `checkOperation`.
 * @throws Error for a name that is taken.
 */
export function register<O extends Op>(op: O): O {
  if (ops.has(op.name)) throw new Error(`operation '${op.name}' is defined twice; choose another name`)
  ops.set(op.name, op)
  return op
}

/** The operation of a name; undefined if there is none. */
export const registeredOp = (name: string): Op | undefined => ops.get(name)

/** All operations defined so far, the user's own included. */
export const registeredOps = (): readonly Op[] => [...ops.values()]
