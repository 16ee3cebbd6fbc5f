/** The axes of a shape, and how each operand walks them: a list of strides per operand, in elements. */
export type Axes = { readonly shape: readonly number[]; readonly strides: readonly (readonly number[])[] }

/** The same walk in fewer axes: without those of size 1, and with neighbours joined that every operand walks as one. */
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
