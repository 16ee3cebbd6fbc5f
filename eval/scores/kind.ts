/** A kind of score: how it is fitted, and how a file's contents become one again. */
import type { GenusSequence } from '../../data/index.js'
import { type NamesOption, type OptionValues, parseOptions, type ScoreOptions } from './options.js'
import type { Score, StorableScore, StoredScore } from './score.js'

/** A score in the making, which sequences go through once, in any number and of any length. */
export type Fitting = {
  /** Takes a sequence (bases 0 to 3, 4 for unknown) and its genus. */
  add(sequence: GenusSequence): void
  /**
   * The score of what was added; `scores` are those that stand before it.
   * @throws RangeError when there was nothing to learn from.
   */
  finish(scores: ScoresByName): StorableScore | Promise<StorableScore>
}

/** Fragments of one length that are known to be in-distribution or not, and their scores: what sums are fitted on. */
export type LabelledScores = {
  /** Bases of each fragment, or 0 if they differ. */
  readonly length: number
  /** Scores of the fragments, by the names of the scores. */
  readonly scores: Readonly<Record<string, Float64Array>>
  /** 1 for an in-distribution fragment, 0 for another. */
  readonly labels: Uint8Array
  /** Fraction of G and C of each fragment. */
  readonly gc: Float64Array
}

/** Scores that others can be made of, by name. */
export type ScoresByName = ReadonlyMap<string, Score>

type KindBase = {
  /** What the score is, in a sentence. */
  readonly meaning: string
  readonly options: ScoreOptions
  /**
   * The score that a file holds, made of `scores` where it is computed from others.
   * @throws RangeError when the contents are not those of such a score.
   */
  load(stored: StoredScore, scores: ScoresByName): StorableScore
}

/** Fitted on sequences of genomes or reads, in one pass. */
export type SequenceKind = KindBase & {
  readonly fittedOn: 'sequences'
  /** @throws RangeError for options that the kind does not have, or values that they do not take. */
  startFit(name: string, options: Readonly<Record<string, string>>): Fitting
}

/** Computed from other scores, and fitted on labelled fragments where it has something to fit. */
export type DerivedKind = KindBase & {
  readonly fittedOn: 'scores'
  /** Of which fragments it has something to fit: of none, of in-distribution ones, or of those and others. */
  readonly fitsSamples: 'none' | 'known' | 'both'
  /** The names of the scores that it is computed from. */
  components(name: string, options: Readonly<Record<string, string>>): readonly string[]
  /** @throws RangeError for options or fragments that the kind can do nothing with. */
  fit(
    name: string,
    options: Readonly<Record<string, string>>,
    scores: ScoresByName,
    samples: readonly LabelledScores[],
  ): StorableScore
}

/** How a score is fitted, stored and loaded. */
export type ScoreKind = SequenceKind | DerivedKind

/** A kind that is fitted on sequences; its options are checked before it sees them. */
export const sequenceKind = <T extends ScoreOptions>(kind: {
  meaning: string
  options: T
  startFit(name: string, options: OptionValues<T>): Fitting
  load(stored: StoredScore, scores: ScoresByName): StorableScore
}): SequenceKind => ({
  ...kind,
  fittedOn: 'sequences',
  startFit: (name, given) => kind.startFit(name, parseOptions(name, kind.options, given)),
})

/** A kind that is computed from other scores; its option `of` names them. */
export const derivedKind = <T extends ScoreOptions & { of: NamesOption }>(kind: {
  meaning: string
  fitsSamples: DerivedKind['fitsSamples']
  options: T
  fit(
    name: string,
    options: OptionValues<T>,
    of: readonly Score[],
    samples: readonly LabelledScores[],
  ): StorableScore
  load(stored: StoredScore, of: readonly Score[]): StorableScore
}): DerivedKind => {
  const parse = (name: string, given: Readonly<Record<string, string>>) =>
    parseOptions(name, kind.options, given)
  const components = (name: string, given: Readonly<Record<string, string>>): readonly string[] =>
    namesIn(name, parse(name, given))
  return {
    ...kind,
    fittedOn: 'scores',
    components,
    fit: (name, given, scores, samples) =>
      kind.fit(name, parse(name, given), pick(name, components(name, given), scores), samples),
    load: (stored, scores) =>
      kind.load(stored, pick(stored.name, namesIn(stored.name, stored.settings), scores)),
  }
}

/** The setting `of`. @throws RangeError when it is no list of names. */
function namesIn(score: string, { of }: Readonly<Record<string, unknown>>): readonly string[] {
  if (Array.isArray(of) && of.length > 0 && of.every(name => typeof name === 'string')) return of
  throw new RangeError(`${score}: names no scores that it is computed from`)
}

/** @throws RangeError when a score is missing. */
function pick(score: string, of: readonly string[], scores: ScoresByName): Score[] {
  return of.map(name => {
    const component = scores.get(name)
    if (component) return component
    throw new RangeError(
      `${score}: is computed from '${name}', which comes not before it; there are ${[...scores.keys()].join(', ') || 'none'}`,
    )
  })
}
