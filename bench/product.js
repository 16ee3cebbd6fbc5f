/** A view that begins at the buffer's beginning. */
export const view = (...strides) => ({ offset: 0, strides })

/** The kernel of a product `[m,k] × [k,n]`, whose sides may lie transposed in memory. */
export const product = (m, k, n, aTransposed = false, bTransposed = false) => ({
  kind: 'matmul',
  dtype: 'float32',
  batch: [],
  m,
  n,
  k,
  a: aTransposed ? view(1, m) : view(k, 1),
  b: bTransposed ? view(1, k) : view(n, 1),
  accumulate: false,
})
