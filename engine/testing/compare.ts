import { entries, type Tree } from '../index.js'

/**
 * The first element that is off by more than `limit` (of the expected value, and of the element's number), as a text;
 * NaN and infinities must be the same.
 */
export function firstDifference(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  limit: (expected: number, i: number) => number,
  reference = 'on the reference device',
): string | undefined {
  if (found.length !== expected.length) return `${found.length} elements instead of ${expected.length}`
  for (let i = 0; i < expected.length; i++) {
    const [x, y] = [found[i], expected[i]]
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue
    const most = limit(y, i)
    if (most === Infinity || Math.abs(x - y) <= most) continue
    const allowed = most > 0 ? `, may be off by ${most.toPrecision(2)}` : ''
    return `element ${i} is ${x}, ${reference} ${y}${allowed}`
  }
  return undefined
}

/** A limit for differences that is relative to 1, or to the value if that is larger. */
export const relativeTo1 =
  (tolerance: number) =>
  (expected: number): number =>
    tolerance * Math.max(1, Math.abs(expected))

/**
 * The first difference of two trees of the same structure by more than `tolerance`, relative to 1 or to the value if
 * that is larger: its path, and what is different.
 */
export async function firstDifferenceOfTrees(
  found: Tree,
  expected: Tree,
  tolerance: number,
  reference?: string,
): Promise<string | undefined> {
  const byPath = new Map(entries(expected))
  for (const [path, t] of entries(found)) {
    const other = byPath.get(path)
    if (!other) return `${path}: ${reference ?? 'on the reference device'} there is none`
    const wrong = firstDifference(await t.data(), await other.data(), relativeTo1(tolerance), reference)
    if (wrong) return `${path}: ${wrong}`
  }
  return undefined
}
