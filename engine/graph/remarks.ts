import { context, type Pass, type Remark, within } from './context.js'

/** Say something about a decision. */
export function remark(pass: Pass, text: () => string): void {
  const { remarks, part } = context()
  remarks?.push({ pass, part, text: text(), dump: false })
}

/** Show what a pass was given and what it made of it. */
export function dump(pass: Pass, before: () => readonly string[], after: () => readonly string[]): void {
  const { remarks, part } = context()
  if (!remarks) return
  for (const [label, lines] of [
    ['in', before()],
    ['out', after()],
  ] as const)
    remarks.push({ pass, part, text: [`${label}:`, ...lines].join('\n'), dump: true })
}

/** Run `fn`; what is said in it is about a part of the program. */
export const withinPart = <R>(part: string, fn: () => R): R => within({ part: [...context().part, part] }, fn)

/** Run `fn` and return what was said in it. */
export function collectRemarks<R>(fn: () => R): { value: R; remarks: readonly Remark[] } {
  const remarks: Remark[] = []
  return { value: within({ remarks }, fn), remarks }
}
