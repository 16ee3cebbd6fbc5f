import { context, type Pass, type Remark, within } from './context.js'

/** Note a pass's decision; `text` is only called while somebody listens. */
export function remark(pass: Pass, text: () => string): void {
  const { remarks, part } = context()
  remarks?.push({ pass, part, text: text(), dump: false })
}

/** Note what a pass was given and what it made of it, a line each. */
export function dump(pass: Pass, before: () => readonly string[], after: () => readonly string[]): void {
  const { remarks, part } = context()
  if (!remarks) return
  for (const [label, lines] of [
    ['in', before()],
    ['out', after()],
  ] as const)
    remarks.push({ pass, part, text: [`${label}:`, ...lines].join('\n'), dump: true })
}

/** Run `fn`; remarks in it are about `part` of the program, such as a loop's body. */
export const withinPart = <R>(part: string, fn: () => R): R => within({ part: [...context().part, part] }, fn)

/** Run `fn` and return the remarks that were made in it. */
export function collectRemarks<R>(fn: () => R): { value: R; remarks: readonly Remark[] } {
  const remarks: Remark[] = []
  return { value: within({ remarks }, fn), remarks }
}
