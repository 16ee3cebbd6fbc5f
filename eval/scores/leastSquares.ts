/**
 * Solves A x = b for a symmetric positive definite matrix (row-major, n by n) by Cholesky's decomposition. A and b are
 * left as they are.
 * @throws RangeError when the matrix is not positive definite.
 */
export function solvePositiveDefinite(matrix: Float64Array, b: Float64Array): Float64Array {
  const n = b.length
  const lower = matrix.slice()
  for (let j = 0; j < n; j++)
    for (let i = j; i < n; i++) {
      let sum = lower[i * n + j]
      for (let k = 0; k < j; k++) sum -= lower[i * n + k] * lower[j * n + k]
      if (i > j) lower[i * n + j] = sum / lower[j * n + j]
      else if (sum > 0) lower[i * n + j] = Math.sqrt(sum)
      else
        throw new RangeError('equations without one solution: two columns say the same, or one is constant')
    }
  const x = b.slice()
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] -= lower[i * n + k] * x[k]
    x[i] /= lower[i * n + i]
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] -= lower[k * n + i] * x[k]
    x[i] /= lower[i * n + i]
  }
  return x
}

/**
 * The coefficients c of the polynomial c0 + c1 x + c2 x^2 … of a degree that fits values best (least squares). Points
 * where x or y is NaN are left out.
 * @throws RangeError when the points do not determine the polynomial.
 */
export function fitPolynomial(x: ArrayLike<number>, y: ArrayLike<number>, degree: number): Float64Array {
  const size = degree + 1
  const matrix = new Float64Array(size * size)
  const right = new Float64Array(size)
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(x[i]) || Number.isNaN(y[i])) continue
    for (let row = 0; row < size; row++) {
      right[row] += x[i] ** row * y[i]
      for (let column = 0; column < size; column++) matrix[row * size + column] += x[i] ** (row + column)
    }
  }
  return solvePositiveDefinite(matrix, right)
}
