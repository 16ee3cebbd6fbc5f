import test from 'tape'
import { checkSums, parseSum, withSums } from '../../cli/crossValidatedSums.js'
import { auroc } from '../../eval/index.js'
import { crossValidatedSum } from '../../eval/scores/index.js'

/** Reads of one class: two noisy scores that are higher by `shift`, from 12 genera in turn. */
function readsOf(count: number, shift: number, name: string, lengths: readonly number[]) {
  const noise = (i: number, salt: number) => ((Math.imul(i + 1, 2654435761) ^ salt) >>> 8) / 2 ** 24
  const values = (salt: number) =>
    Array.from({ length: count }, (_, i) => shift + noise(i, salt * 0x9e3779b9))
  return {
    scores: { a: values(1), b: values(2), useless: values(3).map(value => value - shift) },
    length: Array.from({ length: count }, (_, i) => lengths[i % lengths.length]),
    genus: Array.from({ length: count }, (_, i) => `${name}${i % 12}`),
  }
}

test('sums of scores: cross-validated by genus, for each length, beside the scores that are kept', t => {
  const reads = {
    inDistribution: readsOf(240, 0.2, 'known', [100, 250, 1000, 5000, 20000]),
    outOfDistribution: readsOf(240, 0, 'new', [100, 250, 1000, 5000, 20000]),
  }
  const { inDistribution, outOfDistribution } = withSums(reads, ['b'], [parseSum('sum=a+b')])
  t.deepEqual(Object.keys(inDistribution.scores), ['b', 'sum'])
  t.equal(inDistribution.scores.b, reads.inDistribution.scores.b)
  const auc = auroc(inDistribution.scores.sum, outOfDistribution.scores.sum)
  t.ok(
    auc > auroc(reads.inDistribution.scores.a, reads.outOfDistribution.scores.a),
    `two know more than one: ${auc}`,
  )

  const shorter = { in: readsOf(120, 0.2, 'known', [100]), ood: readsOf(120, 0, 'new', [100]) }
  const alone = withSums(
    { inDistribution: shorter.in, outOfDistribution: shorter.ood },
    [],
    [parseSum('a+b')],
  )
  const expected = crossValidatedSum(
    (['a', 'b'] as const).map(name =>
      Float64Array.from([...shorter.in.scores[name], ...shorter.ood.scores[name]]),
    ),
    Uint8Array.from({ length: 240 }, (_, i) => Number(i < 120)),
    [...shorter.in.genus, ...shorter.ood.genus],
  )
  t.deepEqual(
    [...Array.from(alone.inDistribution.scores['a+b']), ...Array.from(alone.outOfDistribution.scores['a+b'])],
    [...expected],
  )

  // The weights of one length do not depend on the reads of another.
  const longer = { in: readsOf(90, -5, 'known', [250]), ood: readsOf(90, 3, 'new', [250]) }
  type Reads = typeof shorter.in
  const together = (a: Reads, b: Reads) => ({
    scores: { a: [...a.scores.a, ...b.scores.a], b: [...a.scores.b, ...b.scores.b] },
    length: [...a.length, ...b.length],
    genus: [...a.genus, ...b.genus],
  })
  const both = withSums(
    { inDistribution: together(shorter.in, longer.in), outOfDistribution: together(shorter.ood, longer.ood) },
    [],
    [parseSum('a+b')],
  )
  t.deepEqual(
    Array.from(both.inDistribution.scores['a+b']).slice(0, 120),
    Array.from(alone.inDistribution.scores['a+b']),
  )
  t.end()
})

test('sums of scores: what is refused', t => {
  const [known, others] = [readsOf(24, 0, 'known', [9]), readsOf(24, 0, 'new', [9])]
  const reads = { inDistribution: known, outOfDistribution: others }
  const one = { ...known, genus: known.genus.map(() => 'known') }
  t.throws(() => parseSum('a'), /two or more scores/)
  t.throws(() => parseSum('x=a+'), /two or more scores/)
  t.throws(() => checkSums(['a', 'b', 'useless'], [parseSum('a+c')]), /no score 'c'; there are a, b, useless/)
  t.throws(() => checkSums(['a', 'b'], [parseSum('a=a+b')]), /'a' is a score already/)
  t.throws(
    () => withSums({ ...reads, inDistribution: one }, ['a'], [parseSum('a+b')]),
    /1 groups of in-distribution/,
  )
  const { genus: _, ...nameless } = others
  t.throws(
    () => withSums({ ...reads, outOfDistribution: nameless }, ['a'], [parseSum('a+b')]),
    /needs the genus of every/,
  )
  t.end()
})
