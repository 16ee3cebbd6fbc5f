/** A tensor for people: its shape, and a function from an index to the element there. */
export type Naive = { readonly shape: readonly number[]; readonly at: (index: readonly number[]) => number }

/** All elements in row-major order. */
export function elements({ shape, at }: Naive): number[] {
  const indices = shape.reduce<number[][]>(
    (all, n) => all.flatMap(index => Array.from({ length: n }, (_, i) => [...index, i])),
    [[]],
  )
  return indices.map(at)
}

/** @throws Error unless two lists of numbers are the same. */
export function same(found: readonly number[], expected: readonly number[]): void {
  if (found.length !== expected.length || found.some((x, i) => x !== expected[i]))
    throw new Error(`found ${found}, expected ${expected}`)
}
