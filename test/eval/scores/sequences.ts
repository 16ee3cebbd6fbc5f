import fc from 'fast-check'
import { reverseComplement } from '../../../data/index.js'
import {
  type Fitting,
  findKind,
  parseSpec,
  type Score,
  type StorableScore,
} from '../../../eval/scores/index.js'

/** Random sequences of bases, one in ten unknown, of which some share stretches. */
export const sequence = (maxLength = 60): fc.Arbitrary<Uint8Array> =>
  fc
    .array(
      fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 0, max: 3 }) },
        { weight: 1, arbitrary: fc.constant(4) },
      ),
      {
        maxLength,
      },
    )
    .map(bases => Uint8Array.from(bases))

/** Some training sequences, and fragments that are pieces of them or new. */
export const trainingAndFragments = fc
  .record({
    training: fc.array(sequence(80), { minLength: 1, maxLength: 4 }),
    fresh: fc.array(sequence(), { maxLength: 4 }),
    cut: fc.nat(40),
  })
  .map(({ training, fresh, cut }) => ({
    training,
    fragments: [...fresh, ...training.map(bases => bases.subarray(cut, cut + 50))],
  }))

/** A score of a spec, fitted on sequences that are of the genera A, B, A, B … */
export function fitOn(spec: string, training: readonly Uint8Array[]): StorableScore {
  const { kind, name, options } = parseSpec(spec)
  if (kind.fittedOn !== 'sequences') throw new Error(`${spec} is not fitted on sequences`)
  const fitting: Fitting = kind.startFit(name, options)
  for (const [i, bases] of training.entries()) fitting.add({ genus: 'AB'[i % 2], bases })
  const score = fitting.finish(new Map())
  if (score instanceof Promise) throw new Error(`${spec} is trained, which takes its time`)
  return score
}

/** The same score from what it stores. */
export function reload(score: StorableScore, others: readonly Score[] = []): StorableScore {
  const stored = score.store()
  return findKind(stored.kind).load(stored, new Map(others.map(other => [other.name, other])))
}

/** Both strands of sequences. */
export const withReverse = (sequences: readonly Uint8Array[]): Uint8Array[] =>
  sequences.flatMap(bases => [bases, reverseComplement(bases)])

/** Whether numbers agree to a tolerance that leaves room for float32 tables; NaN agrees with NaN. */
export const agree = (a: Float64Array, b: readonly number[], tolerance = 1e-6): boolean =>
  a.length === b.length &&
  a.every((x, i) => Object.is(x, b[i]) || Math.abs(x - b[i]) <= tolerance * Math.max(1, Math.abs(b[i])))

/** A score that is a function of the fragment. */
export const scoreOf = (name: string, f: (bases: Uint8Array) => number): Score => ({
  name,
  score: async fragments => Float64Array.from(fragments, f),
})
