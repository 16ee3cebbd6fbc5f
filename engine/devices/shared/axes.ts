import type { ReduceKernel } from '../../kernel/kernel.js'

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

/** The kept and the reduced axes of a reduction, each collapsed on their own. `strides`: one list per operand. */
export function reductionAxes(
  { shape, axes }: ReduceKernel,
  strides: readonly (readonly number[])[],
): { kept: Axes; reduced: Axes } {
  const rank = shape.length
  const between = (from: number, to: number): Axes =>
    collapse(
      shape.slice(from, to),
      strides.map(s => s.slice(from, to)),
    )
  return { kept: between(0, rank - axes), reduced: between(rank - axes, rank) }
}
