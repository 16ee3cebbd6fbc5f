import type { Device } from '../../index.js'

/** The relative errors that a device states for elementwise functions and for products. */
export const tolerances = ({ mapEps = 1e-6, matmulEps = 1e-6 }: Pick<Device, 'mapEps' | 'matmulEps'>) => ({
  map: mapEps,
  matmul: matmulEps,
})

/** The first element that is off by more than `limit` of what it should be; NaN and infinities must be the same. */
export function firstDifference(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  limit: (expected: number, at: number) => number,
): string | undefined {
  if (found.length !== expected.length) return `${found.length} elements instead of ${expected.length}`
  for (let i = 0; i < expected.length; i++) {
    const [x, y] = [found[i], expected[i]]
    if (x === y || (Number.isNaN(x) && Number.isNaN(y)) || Math.abs(x - y) <= limit(y, i)) continue
    return `element ${i} is ${x}, on the reference device ${y}`
  }
  return undefined
}
