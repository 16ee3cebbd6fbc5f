import type { Device } from '../../index.js'

/** The relative errors that a device states: of one scalar operation, and of products. */
export type Tolerances = { readonly map: number; readonly matmul: number }

/** What a device states, or the default. */
export const tolerances = ({
  mapEps = 1e-6,
  matmulEps = 1e-6,
}: Pick<Device, 'mapEps' | 'matmulEps'>): Tolerances => ({ map: mapEps, matmul: matmulEps })

/** The first element that is off by more than `limit`; NaN and infinities must be the same. */
export function firstDifference(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  limit: (expected: number, at: number) => number,
): string | undefined {
  if (found.length !== expected.length) return `${found.length} elements instead of ${expected.length}`
  for (let i = 0; i < expected.length; i++) {
    const [x, y] = [found[i], expected[i]]
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue
    const most = limit(y, i)
    if (most === Infinity || Math.abs(x - y) <= most) continue
    const allowed = most > 0 ? `, may be off by ${most.toPrecision(2)}` : ''
    return `element ${i} is ${x}, on the reference device ${y}${allowed}`
  }
  return undefined
}
