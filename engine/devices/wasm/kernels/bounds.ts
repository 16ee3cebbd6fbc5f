import type { Instr } from '../../../kernel/expr.js'

/** A sum or a product of bounds, which may be none: -Infinity. */
const orNone = (bound: number): number =>
  Number.isNaN(bound) ? Number.NEGATIVE_INFINITY : Math.fround(bound)

/**
 * What the value of each line of a body is not below, unless it is NaN; -Infinity where nothing is known, as of integers.
 * Rounding keeps an order, so bounds hold for rounded values.
 */
export function lowerBounds(body: readonly Instr[]): number[] {
  const bounds: number[] = []
  for (const instr of body) bounds.push(lowerBound(instr, bounds))
  return bounds
}

function lowerBound({ op, dtype, args, value }: Instr, bounds: readonly number[]): number {
  if (dtype === 'int32') return Number.NEGATIVE_INFINITY
  const [a, b, c] = args.map(line => bounds[line])
  switch (op) {
    case 'const':
      return orNone(value)
    case 'abs':
    case 'sqrt':
    case 'exp':
    case 'sigmoid':
    case 'eq':
    case 'lt':
    case 'le':
      return 0
    case 'tanh':
      return -1
    case 'floor':
      return Math.floor(a)
    case 'add':
      return orNone(a + b)
    case 'mul':
      if (args[0] === args[1]) return 0
      return a >= 0 && b >= 0 ? orNone(a * b) : Number.NEGATIVE_INFINITY
    case 'min':
      return Math.min(a, b)
    case 'max':
      return Math.max(a, b)
    case 'select':
      return Math.min(b, c)
    default:
      return Number.NEGATIVE_INFINITY
  }
}
