/**
 * What the passes of the compiler have to say: what they did, what they left as it was and why. Said only while
 * somebody listens, so that it costs nothing otherwise.
 */
export type Pass = 'hoist' | 'differentiate' | 'simplify' | 'fuse' | 'place' | 'overlay' | 'share'

export type Remark = {
  readonly pass: Pass
  /** Where: the loops around, outermost first. */
  readonly context: readonly string[]
  readonly text: string
  /** Whether it is a pass's whole input or output rather than a decision. */
  readonly dump: boolean
}

let listener: Remark[] | undefined
let context: readonly string[] = []

/** Say something about a decision. */
export function remark(pass: Pass, text: () => string): void {
  listener?.push({ pass, context, text: text(), dump: false })
}

/** Show what a pass was given and what it made of it. */
export function dump(pass: Pass, before: () => readonly string[], after: () => readonly string[]): void {
  if (!listener) return
  for (const [label, lines] of [
    ['in', before()],
    ['out', after()],
  ] as const)
    listener.push({ pass, context, text: [`${label}:`, ...lines].join('\n'), dump: true })
}

/** Run `fn`; what is said in it is about a part of the program. */
export function within<R>(part: string, fn: () => R): R {
  const around = context
  context = [...around, part]
  try {
    return fn()
  } finally {
    context = around
  }
}

/** Run `fn` and return what was said in it. */
export function collectRemarks<R>(fn: () => R): { value: R; remarks: readonly Remark[] } {
  const before = listener
  const remarks: Remark[] = []
  listener = remarks
  try {
    return { value: fn(), remarks }
  } finally {
    listener = before
  }
}
