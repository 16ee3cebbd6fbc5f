import fc from 'fast-check'

/** Scores with many ties, or none to speak of, or with infinities. */
const score = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double({ min: -5, max: 5, noNaN: true }),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0),
)

/** Scores of one class, at least `minLength` of them. */
export const scoresOf = (minLength: number): fc.Arbitrary<number[]> =>
  fc.array(score, { minLength, maxLength: 30 })

/** Two scores of the same `minLength` or more reads. */
export const pairsOf = (minLength: number): fc.Arbitrary<[number, number][]> =>
  fc.array(fc.tuple(score, score), { minLength, maxLength: 20 })

/** Agreement to a relative or absolute `tolerance`; NaN agrees with NaN. */
export const isClose = (a: number, b: number, tolerance = 1e-12): boolean =>
  Object.is(a, b) || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b))

/** The linear congruential generator of make_sklearn.py: `count` doubles in [0, 1). */
export function uniforms(seed: number, count: number): number[] {
  let state = seed
  return Array.from({ length: count }, () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0
    return state / 2 ** 32
  })
}
