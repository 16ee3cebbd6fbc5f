import type { Tensor } from './tensor.js'

/** The passes of the compiler that say what they do. */
export type Pass = 'hoist' | 'differentiate' | 'simplify' | 'fuse' | 'carry' | 'overlay' | 'share'

/** What a pass did, or left as it was, and why (remarks.ts). */
export type Remark = {
  readonly pass: Pass
  /** Where: the loops around, outermost first. */
  readonly part: readonly string[]
  readonly text: string
  /** Whether the text is a pass's whole input or output rather than a decision. */
  readonly dump: boolean
}

/** Settings that hold while a function runs and need not be handed down as arguments: `within` changes them for a call. */
export type Context = {
  /** The innermost scope's tensors, to which new ones are added. */
  readonly scope: Tensor[] | undefined
  /** Where tensors were made, while the leak reporter is on; shared by all contexts. */
  readonly origins: { of: Map<Tensor, string> | undefined }
  /** What the compiler's passes have said; undefined while nobody listens, and then it costs nothing. */
  readonly remarks: Remark[] | undefined
  /** The part of the program that is being compiled: the loops around, outermost first. */
  readonly part: readonly string[]
  /** Given a scan's number of steps, after how many of them it keeps its carries, unless the scan says so itself. */
  readonly checkpoints: ((steps: number) => number) | undefined
}

let current: Context = {
  scope: undefined,
  origins: { of: undefined },
  remarks: undefined,
  part: [],
  checkpoints: undefined,
}

/** The settings that hold now. */
export const context = (): Context => current

/**
 * Run `fn` with some of the context changed. If it returns a promise, the change holds until that is settled; then no
 * other asynchronous piece of program with a context of its own may run at the same time.
 */
export function within<R>(changes: Partial<Context>, fn: () => R): R {
  const before = current
  const restore = () => {
    current = before
  }
  current = { ...before, ...changes }
  let value: R
  try {
    value = fn()
  } catch (error) {
    restore()
    throw error
  }
  if (value instanceof Promise) return value.finally(restore) as R
  restore()
  return value
}
