import type { Instr } from '../../kernel/expr.js'

/** Lines of `body` that the lines `wanted` need, themselves included, in order of evaluation. */
export function linesFor(body: readonly Instr[], wanted: readonly number[]): number[] {
  const needed = new Set(wanted)
  for (let i = body.length - 1; i >= 0; i--)
    if (needed.has(i)) for (const arg of body[i].args) needed.add(arg)
  return [...needed].sort((a, b) => a - b)
}

/** Whether each line depends on nothing but constants and inputs for which `fixed` holds. */
export function invariantLines(body: readonly Instr[], fixed: (input: number) => boolean): boolean[] {
  const invariant: boolean[] = []
  for (const { op, args, value } of body)
    invariant.push(op === 'input' ? fixed(value) : op === 'const' || args.every(arg => invariant[arg]))
  return invariant
}
