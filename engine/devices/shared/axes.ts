/** The same iteration in fewer axes. */
export type Axes = { readonly shape: readonly number[]; readonly strides: readonly (readonly number[])[] }

/** Drop axes of size 1 and join neighbours that every operand walks as one. `strides`: one list per operand. */
export function collapse(shape: readonly number[], strides: readonly (readonly number[])[]): Axes {
  const joined: number[] = []
  const walked: number[][] = strides.map(() => [])
  shape.forEach((size, d) => {
    if (size === 1) return
    const last = joined.length - 1
    if (last >= 0 && strides.every((s, i) => walked[i][last] === s[d] * size)) {
      joined[last] *= size
      strides.forEach((s, i) => {
        walked[i][last] = s[d]
      })
    } else {
      joined.push(size)
      strides.forEach((s, i) => {
        walked[i].push(s[d])
      })
    }
  })
  return { shape: joined, strides: walked }
}
