import { type Composition, compositionOf } from '../../data/index.js'
import {
  type Calibration,
  type Evidence,
  EvidencePool,
  formatFraction,
  formatScore,
  type Pooling,
  readFields,
} from '../../eval/index.js'
import { countPredictions } from '../../model/index.js'
import type { UncalledRow } from './calls.js'
import type { Entry } from './entries.js'
import type { Grouping } from './groupBy.js'

/** An entry with what is known of it. */
export type ScoredEntry = {
  readonly entry: Entry
  readonly composition: Composition
  readonly evidence: Evidence
  /** That of each mate, of one that is no pair its own. */
  readonly mates: readonly Evidence[]
}

/** What the scores of a table are. */
export type ScoresOfTable = {
  readonly names: readonly string[]
  /** How each is made of those of several reads. */
  readonly poolings: readonly Pooling[]
  /** Index of the score that p-values and intervals are of. */
  readonly main: number
  readonly calibration?: Calibration | undefined
}

/** What a read has: its scores, and, where evidence is to be summed, the numbers that some of them are made of. */
export type ReadEvidence = Pick<Evidence, 'scores' | 'summed'>

/** An entry with its evidence, that of both mates summed. */
export function scoredEntry(
  entry: Entry,
  ofReads: readonly ReadEvidence[],
  { poolings, main, calibration }: ScoresOfTable,
): ScoredEntry {
  const members = entry.reads.map(({ bases }, i): Evidence => {
    const predictions = countPredictions(bases)
    const isSum = poolings[main] !== undefined
    const p = calibration?.pValueOf(ofReads[i].scores[main], predictions, isSum) ?? Number.NaN
    return { ...ofReads[i], predictions, p }
  })
  const composition = compositionOf(entry.reads.map(read => read.bases))
  if (members.length === 1) return { entry, composition, evidence: members[0], mates: members }
  const pool = new EvidencePool(poolings, main)
  for (const member of members) pool.add(member)
  const predictions = members.reduce((sum, member) => sum + member.predictions, 0)
  return {
    entry,
    composition,
    evidence: { scores: pool.scores(), summed: pool.summed(), predictions, p: pool.pValue() },
    mates: members,
  }
}

/** The row of an entry; `file`: with the column that says where it is from. */
export function entryRow(
  { entry, composition, evidence }: ScoredEntry,
  file: boolean,
  records: UncalledRow['records'],
): UncalledRow {
  return {
    before: readFields(entry.name, composition, evidence.scores),
    p: evidence.p,
    after: file ? [entry.file] : [],
    records,
  }
}

/** The columns before the p-value of a row for each group. */
export const groupColumns = (scores: readonly string[]): string[] => [
  ...['group', 'n', 'length', 'gc'],
  ...scores,
  ...['low', 'high'],
]

/** Entries by groups, with the evidence of each: memory grows with the number of groups, not with that of entries. */
export class Groups {
  /** Entries that belong to no group. */
  ungrouped = 0
  readonly #groups = new Map<string, { pool: EvidencePool; length: number; known: number; gc: number }>()

  constructor(
    readonly grouping: Grouping,
    readonly scores: ScoresOfTable,
  ) {}

  add({ entry, composition, evidence, mates }: ScoredEntry): void {
    const name = this.grouping(entry)
    if (name === undefined) {
      this.ungrouped++
      return
    }
    let group = this.#groups.get(name)
    if (!group) {
      const { poolings, main } = this.scores
      group = { pool: new EvidencePool(poolings, main), length: 0, known: 0, gc: 0 }
      this.#groups.set(name, group)
    }
    // A pair is one member, but its p-value is twice a mean already.
    group.pool.add({ ...evidence, p: Number.NaN })
    for (const { p, predictions } of mates) group.pool.addPValue(p, predictions)
    group.length += composition.length
    group.known += composition.known
    group.gc += composition.gc
  }

  /** What users must know, if anything. */
  warning(): string | undefined {
    return this.ungrouped ? `${this.ungrouped} reads belong to no group and were left out` : undefined
  }

  /** A row for each group, in the order in which they first came. */
  rows(): UncalledRow[] {
    return [...this.#groups].map(([name, { pool, length, known, gc }]) => {
      const { low, high } = pool.estimate()
      const numbers = [...pool.scores(), low, high].map(formatScore)
      return {
        before: [name, String(pool.members), String(length), formatFraction(gc / known), ...numbers],
        p: pool.pValue(),
        after: [],
        records: [],
      }
    })
  }
}
