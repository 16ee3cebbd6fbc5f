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

/** Settings, and those that held when they were made. */
type Frame = { readonly settings: Context; readonly parent?: Frame; isOver?: boolean }

let top: Frame = {
  settings: {
    scope: undefined,
    origins: { of: undefined },
    remarks: undefined,
    part: [],
    checkpoints: undefined,
  },
}

/** The settings that hold now. */
export const context = (): Context => top.settings

/** End a frame; whether it was the newest. Settings of frames that have ended do not come back. */
function end(frame: Frame): boolean {
  const wasTop = top === frame
  frame.isOver = true
  while (top.isOver && top.parent) top = top.parent
  return wasTop
}

/**
 * Run `fn` with some of the context changed. If it returns a promise, the change holds until that is settled, for all
 * that runs meanwhile: JavaScript in browsers does not say on whose behalf code runs.
 * @throws Error (rejects) when another asynchronous change began meanwhile and still holds.
 */
export function within<R>(changes: Partial<Context>, fn: () => R): R {
  const frame: Frame = { settings: { ...top.settings, ...changes }, parent: top }
  top = frame
  let value: R
  try {
    value = fn()
  } catch (error) {
    end(frame)
    throw error
  }
  if (value instanceof Promise)
    return value.finally(() => {
      if (!end(frame))
        throw new Error(
          'scope: an asynchronous scope has ended while one that began after it is still open, which frees what either of them makes; await one before the next begins',
        )
    }) as R
  end(frame)
  return value
}
