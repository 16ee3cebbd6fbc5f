/** What a tensor means, without memory or strides: its shape, and the element at an index. */
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
export function same(actual: readonly number[], expected: readonly number[]): void {
  if (actual.length !== expected.length || actual.some((x, i) => x !== expected[i]))
    throw new Error(`got ${actual}, expected ${expected}`)
}
