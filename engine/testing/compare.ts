import { entries, type Tree } from '../index.js'

/**
 * The first element of two arrays that differs by more than it may, as a text; undefined if there is none. NaN and
 * infinities must be the same. `limit`: the largest absolute difference, from the expected value and the element's index;
 * `reference`: where the expected values are from, for the text.
 */
export function firstDifference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  limit: (expected: number, i: number) => number,
  reference = 'on the reference device',
): string | undefined {
  if (actual.length !== expected.length) return `${actual.length} elements instead of ${expected.length}`
  for (let i = 0; i < expected.length; i++) {
    const [x, y] = [actual[i], expected[i]]
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue
    const largest = limit(y, i)
    if (largest === Infinity || Math.abs(x - y) <= largest) continue
    const allowed = largest > 0 ? `, may be off by ${largest.toPrecision(2)}` : ''
    return `element ${i} is ${x}, ${reference} ${y}${allowed}`
  }
  return undefined
}

/**
 * The largest difference of two arrays as a share of what it may be, 1 being all. Elements that may be anything, or must be
 * the very same, do not count.
 */
export function largestShare(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  limit: (expected: number, i: number) => number,
): number {
  let largest = 0
  for (let i = 0; i < expected.length; i++) {
    const share = Math.abs(actual[i] - expected[i]) / limit(expected[i], i)
    if (share > largest && share < Infinity) largest = share
  }
  return largest
}

/** A limit for differences that is relative to 1, or to the value if that is larger. */
export const relativeTo1 =
  (tolerance: number) =>
  (expected: number): number =>
    tolerance * Math.max(1, Math.abs(expected))

/**
 * The first difference of two trees of the same structure by more than `tolerance`, relative to 1 or to the value if
 * that is larger: its path and what is different, as a text; undefined if there is none.
 */
export async function firstDifferenceOfTrees(
  actual: Tree,
  expected: Tree,
  tolerance: number,
  reference?: string,
): Promise<string | undefined> {
  const byPath = new Map(entries(expected))
  for (const [path, t] of entries(actual)) {
    const other = byPath.get(path)
    if (!other) return `${path}: ${reference ?? 'on the reference device'} there is none`
    const wrong = firstDifference(await t.data(), await other.data(), relativeTo1(tolerance), reference)
    if (wrong) return `${path}: ${wrong}`
  }
  return undefined
}
