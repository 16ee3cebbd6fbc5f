import test from 'tape'
import { aurocEstimate, evaluateScores, type GroupedBy, type ScoredReads } from '../../eval/index.js'
import { uniforms } from './arbitrary.js'

/** Reads of some genera, of two genomes each, and of some lengths, all in turns. */
function reads(seed: number, count: number, genera: string[], lengths: number[]): ScoredReads {
  const index = Array.from({ length: count }, (_, i) => i)
  return {
    scores: { likelihood: uniforms(seed, count), ratio: uniforms(seed + 1, count) },
    genus: index.map(i => genera[i % genera.length]),
    genome: index.map(i => `${genera[i % genera.length]} ${i % 2}`),
    length: index.map(i => lengths[i % lengths.length]),
  }
}

const inDistribution = reads(1, 300, ['Bacillus', 'Yersinia', 'Clostridium'], [100, 250, 1000, 5000])
const outOfDistribution = reads(
  9,
  400,
  ['Vibrio', 'Listeria', 'Brucella', 'Proteus', 'Wolbachia'],
  [250, 100, 1000],
)

const evaluate = (options = {}, inside = inDistribution, outside = outOfDistribution) =>
  evaluateScores({ inDistribution: inside, outOfDistribution: outside }, { replicates: 0, ...options })

/** The scores of the reads of one class for which `isPicked` holds. */
const pick = ({ scores }: ScoredReads, isPicked: (read: number) => boolean): number[] =>
  Array.from(scores.ratio).filter((_, read) => isPicked(read))

test('groups: a genus against all reads of the other class, over its reads', t => {
  const { groups } = evaluate({ cluster: 'genome' })
  const bacillus = groups.find(({ group }) => group === 'Bacillus')!
  const inside = pick(inDistribution, read => inDistribution.genus![read] === 'Bacillus')
  t.deepEqual(bacillus.auroc.ratio, aurocEstimate(inside, outOfDistribution.scores.ratio))
  t.deepEqual([bacillus.readsIn, bacillus.readsOod, bacillus.distribution], [100, 400, 'in'])
  const vibrio = groups.find(({ group }) => group === 'Vibrio')!
  const outside = pick(outOfDistribution, read => outOfDistribution.genus![read] === 'Vibrio')
  t.deepEqual(vibrio.auroc.ratio, aurocEstimate(inDistribution.scores.ratio, outside))
  t.end()
})

test('groups: lengths with both classes, over the clusters that are chosen', t => {
  const lengths = evaluate({ cluster: 'genome' }).groups.filter(({ by }) => by === 'length')
  t.deepEqual(
    lengths.map(({ group, readsIn, readsOod }) => [group, readsIn, readsOod]),
    [
      ['100', 75, 133],
      ['250', 75, 134],
      ['1000', 75, 133],
      ['5000', 75, 0],
    ],
  )
  const isShort = (set: ScoredReads) => (read: number) => set.length![read] === 100
  const genomes = (set: ScoredReads) => set.genome!.filter((_, read) => isShort(set)(read))
  const expected = aurocEstimate(
    pick(inDistribution, isShort(inDistribution)),
    pick(outOfDistribution, isShort(outOfDistribution)),
    { in: genomes(inDistribution), ood: genomes(outOfDistribution) },
  )
  t.deepEqual(lengths[0].auroc.ratio, expected)
  t.ok(Number.isNaN(lengths[3].auroc.ratio.value), 'no read of one class: NA')
  const many = (seed: number) =>
    reads(
      seed,
      600,
      ['Vibrio'],
      Array.from({ length: 30 }, (_, i) => 90 + 40 * i),
    )
  const classes = evaluate({}, many(1), many(3)).groups.filter(({ by }) => by === 'length')
  t.deepEqual(
    classes.map(({ group, readsIn }) => `${group}: ${readsIn}`),
    ['50–99: 20', '100–199: 40', '200–499: 160', '500–999: 240', '1000–1999: 140'],
    'many lengths fall into classes',
  )
  t.equal(
    evaluate({}, reads(1, 9, ['a'], [250]), reads(3, 9, ['b'], [250])).groups.length,
    2,
    'one length is no group',
  )
  t.end()
})

test('groups: near and far genera', t => {
  const named = (by: GroupedBy) =>
    evaluate({ near: ['Vibrio', 'Proteus'] }).groups.filter(group => group.by === by)
  const [near, far] = named('relation')
  const isNear = (read: number) => ['Vibrio', 'Proteus'].includes(outOfDistribution.genus![read])
  t.deepEqual([near.group, near.readsOod, far.group, far.readsOod], ['near', 160, 'far', 240])
  t.deepEqual(near.auroc.ratio, aurocEstimate(inDistribution.scores.ratio, pick(outOfDistribution, isNear)))
  t.equal(
    evaluate().groups.filter(({ by }) => by === 'relation').length,
    0,
    'only if somebody says which are near',
  )
  t.end()
})

test('groups: a genus of one read has no interval', t => {
  const outside = {
    ...outOfDistribution,
    genus: outOfDistribution.genus!.map((name, i) => (i === 7 ? 'Alone' : name)),
  }
  const alone = evaluate({}, inDistribution, outside).groups.find(({ group }) => group === 'Alone')!
  const { value, low, high } = alone.auroc.ratio
  t.ok(value >= 0 && value <= 1 && Number.isNaN(low) && Number.isNaN(high) && alone.readsOod === 1)
  t.end()
})
