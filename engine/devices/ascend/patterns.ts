import type { Instr } from '../../kernel/expr.js'

/** What an operator does and no scalar primitive: the gradients of tanh and sigmoid, given their results. */
type Combination = 'tanhBackward' | 'sigmoidBackward'

/** A line of a body as operators compute it: that of `Instr`, a combination of several, or one that nobody uses. */
export type Line = Omit<Instr, 'op'> & { readonly op: Instr['op'] | Combination | 'unused' }

/**
 * A body with lines put together that one operator computes: `-a + b` is `b - a`, and the gradients of tanh and sigmoid
 * have operators of their own. Lines keep their numbers. `kept`: lines whose values are wanted themselves.
 */
export function combined(body: readonly Instr[], kept: readonly number[]): Line[] {
  const lines: Line[] = [...body]
  const uses = body.map(() => 0)
  for (const line of [...body.flatMap(({ args }) => args), ...kept]) uses[line]++
  /** A line of an operation that nobody uses but the one that is looked at. */
  const inner = (line: number, op: Line['op']): Line | undefined =>
    lines[line].op === op && uses[line] === 1 ? lines[line] : undefined
  const isOne = (line: number): boolean => lines[line].op === 'const' && lines[line].value === 1

  /** Of which function `factor` is the derivative, by its result y: `1 - y * y` or `y * (1 - y)`; and the lines in between. */
  const derivative = (factor: number): { op: Combination; y: number; between: number[] } | undefined => {
    const difference = inner(factor, 'sub')
    const squared = difference && isOne(difference.args[0]) ? difference.args[1] : factor
    const [y, again] = squared === factor ? [] : (inner(squared, 'mul')?.args ?? [])
    if (y !== undefined && y === again) return { op: 'tanhBackward', y, between: [factor, squared] }
    for (const [y, rest] of bothOrders(inner(factor, 'mul')?.args ?? [])) {
      const complement = inner(rest, 'sub')
      if (complement && isOne(complement.args[0]) && complement.args[1] === y)
        return { op: 'sigmoidBackward', y, between: [factor, rest] }
    }
    return undefined
  }

  const replace = (line: number, by: Pick<Line, 'op' | 'args'>, between: readonly number[]): void => {
    lines[line] = { ...lines[line], ...by }
    for (const absorbed of between) lines[absorbed] = { ...lines[absorbed], op: 'unused', args: [] }
  }
  lines.forEach(({ op, dtype, args }, line) => {
    for (const [one, other] of bothOrders(args)) {
      const negation = op === 'add' ? inner(one, 'neg') : undefined
      const gradient = op === 'mul' && dtype === 'float32' ? derivative(one) : undefined
      if (negation) replace(line, { op: 'sub', args: [other, negation.args[0]] }, [one])
      else if (gradient) replace(line, { op: gradient.op, args: [other, gradient.y] }, gradient.between)
      else continue
      break
    }
  })
  return lines
}

const bothOrders = ([a, b]: readonly number[]): [number, number][] =>
  b === undefined
    ? []
    : [
        [a, b],
        [b, a],
      ]
