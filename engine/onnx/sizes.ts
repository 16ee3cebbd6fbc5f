/**
 * Axes that are not fixed in a file, such as the number of reads. A function is traced for fixed sizes, so each such axis
 * is traced with a prime of its own, larger than any size that it could be mistaken for: a size that it divides is a
 * multiple of the axis.
 */

/** Primes for axes that are not fixed. */
const primes = [1_000_003, 1_000_033, 1_000_037]

/** The size that stands for the axis number `i` that is not fixed. @throws RangeError when there are too many. */
export function standIn(i: number): number {
  if (i >= primes.length)
    throw new RangeError(`onnx: ${i + 1} axes that are not fixed; there may be ${primes.length}`)
  return primes[i]
}

/** A size as a number times axes that are not fixed, by their numbers: 8 reads of 3 steps each are `8 · axis 0 · 3`. */
export type Product = { readonly factor: number; readonly axes: readonly number[] }

/**
 * A size as a product of axes that are not fixed.
 * @throws RangeError for a size that is nearly such a product, such as the number of reads less one: it follows from the
 * axis in a way that cannot be told.
 */
export function factorise(size: number): Product {
  let factor = size
  const axes: number[] = []
  for (const [i, prime] of primes.entries())
    for (; factor >= prime && factor % prime === 0; factor /= prime) axes.push(i)
  for (const prime of primes) {
    const rest = Math.min(factor % prime, prime - (factor % prime))
    if (factor > prime / 2 && rest < 64)
      throw new RangeError(
        'a size is that of an axis that is not fixed, more or less a few; only multiples can be exported',
      )
  }
  return { factor, axes }
}

/** @throws RangeError for a number that is a size of an axis that is not fixed, or nearly so. */
export function checkFixed(value: number): void {
  // Beyond all sizes are numbers that mean the end of an axis.
  const size = Math.abs(value)
  if (size < 2 ** 50 && factorise(size).axes.length)
    throw new RangeError('a position follows from the size of an axis that is not fixed')
}
