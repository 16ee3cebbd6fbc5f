import type { ClusterLabels } from './clusters.js'
import { aurocEstimateOf } from './delong.js'
import { type Estimate, noInterval } from './interval.js'
import { type Members, type Ranking, rankingOfSome } from './ranking.js'
import type { KeptClasses } from './reads.js'

/** What reads are put into groups by. */
export type GroupedBy = 'genus' | 'length' | 'relation'

/** Some of the reads that were evaluated. */
export type Group = {
  by: GroupedBy
  /** `Bacillus`, `200–499` (bases), `near` or `far`. */
  group: string
  /** Whose reads are picked; of the other class all reads count. */
  distribution: 'in' | 'ood' | 'both'
  readsIn: number
  readsOod: number
}

/** How well scores do in one group of reads. */
export type GroupEvaluation = Group & {
  /** By score: AUROC of this group. NaN where a class has no read of it; no interval where one has a single read. */
  auroc: Record<string, Estimate>
}

/** A group with its reads: their positions, or undefined for all of a class. */
export type GroupMembers = Group & { in?: Members; ood?: Members; labels: ClusterLabels }

/**
 * The groups that the reads fall into: each genus of either class against the other class; classes of length, both
 * classes of reads within one; near and far genera, which the caller tells apart, against all in-distribution reads.
 * Intervals of a genus are over its reads (they say how well these genomes are told, not how another genome of the genus
 * would fare); those of the others are over `labels`, as everywhere.
 *
 * @throws RangeError when `near` is given without genera, or names a genus that no out-of-distribution read has.
 */
export function groupsOf(
  { inside, outside }: KeptClasses,
  labels: ClusterLabels,
  near: readonly string[] | undefined,
): GroupMembers[] {
  return [
    ...genera('in', inside.genus, outside.reads),
    ...genera('ood', outside.genus, inside.reads),
    ...lengthClasses(inside.length, outside.length, labels),
    ...(near ? relations(outside.genus, new Set(near), inside.reads, labels) : []),
  ]
}

/** The AUROC of each group by one score. */
export const groupEstimates = (ranking: Ranking, groups: readonly GroupMembers[]): Estimate[] =>
  groups.map(group => {
    if (group.readsIn === 0 || group.readsOod === 0) return { value: Number.NaN, ...noInterval }
    return aurocEstimateOf(rankingOfSome(ranking, group), group.labels)
  })

function genera(
  distribution: 'in' | 'ood',
  genus: readonly string[] | undefined,
  others: number,
): GroupMembers[] {
  if (!genus) return []
  return [...membersByName(genus)].sort(byName).map(([group, members]) => ({
    by: 'genus',
    group,
    distribution,
    readsIn: distribution === 'in' ? members.length : others,
    readsOod: distribution === 'in' ? others : members.length,
    [distribution]: members,
    labels: {},
  }))
}

function lengthClasses(
  inside: Float64Array | undefined,
  outside: Float64Array | undefined,
  labels: ClusterLabels,
): GroupMembers[] {
  if (!inside || !outside) return []
  const nameOf = namesOfLengths(new Set([...inside, ...outside]))
  const [membersIn, membersOod] = [inside, outside].map(lengths =>
    membersByName(Array.from(lengths, bases => nameOf(bases))),
  )
  const names = [...new Set([...membersIn.keys(), ...membersOod.keys()])]
  if (names.length < 2) return []
  const none = new Int32Array(0)
  return names
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map(group => {
      const members = { in: membersIn.get(group) ?? none, ood: membersOod.get(group) ?? none }
      return {
        by: 'length',
        group,
        distribution: 'both',
        readsIn: members.in.length,
        readsOod: members.ood.length,
        ...members,
        labels: labelsOfSome(labels, members),
      }
    })
}

/** Names for lengths in bases: up to ten distinct ones each its own, else classes from 1, 2, 5, 10, 20, … bases on. */
function namesOfLengths(distinct: ReadonlySet<number>): (bases: number) => string {
  if (distinct.size <= 10) return String
  const names = new Map<number, string>()
  for (const bases of distinct) {
    const decade = 10 ** Math.floor(Math.log10(Math.max(1, bases)) + 1e-12)
    const step = bases >= 5 * decade ? 5 : bases >= 2 * decade ? 2 : 1
    const next = (step === 5 ? 10 : step === 2 ? 5 : 2) * decade
    names.set(bases, `${step * decade}–${next - 1}`)
  }
  return bases => names.get(bases)!
}

function relations(
  genus: readonly string[] | undefined,
  near: ReadonlySet<string>,
  readsIn: number,
  labels: ClusterLabels,
): GroupMembers[] {
  if (!genus) throw new RangeError('near and far genera need the genus of every out-of-distribution read')
  const absent = [...near].filter(name => !genus.includes(name))
  if (absent.length > 0)
    throw new RangeError(`near genera: no out-of-distribution read is of ${absent.join(', ')}`)
  const members = membersByName(genus.map(name => (near.has(name) ? 'near' : 'far')))
  return ['near', 'far'].flatMap(group => {
    const ood = members.get(group)
    if (!ood) return []
    return {
      by: 'relation',
      group,
      distribution: 'ood',
      readsIn,
      readsOod: ood.length,
      ood,
      labels: labelsOfSome(labels, { ood }),
    }
  })
}

function membersByName(names: readonly string[]): Map<string, Members> {
  const lists = new Map<string, number[]>()
  for (const [i, name] of names.entries()) {
    const list = lists.get(name)
    if (list) list.push(i)
    else lists.set(name, [i])
  }
  return new Map([...lists].map(([name, list]) => [name, Int32Array.from(list)]))
}

function labelsOfSome(labels: ClusterLabels, members: { in?: Members; ood?: Members }): ClusterLabels {
  const pick = (all: readonly string[] | undefined, some: Members | undefined) =>
    all && some ? Array.from(some, i => all[i]) : all
  const [inside, outside] = [pick(labels.in, members.in), pick(labels.ood, members.ood)]
  return { ...(inside && { in: inside }), ...(outside && { ood: outside }) }
}

const byName = ([a]: readonly [string, Members], [b]: readonly [string, Members]): number => (a < b ? -1 : 1)
