import test from 'tape'
import {
  auroc,
  type EvaluationOptions,
  evaluateScores,
  formatTable,
  formatTsv,
  type ScoredReads,
} from '../../eval/index.js'
import { uniforms } from './arbitrary.js'

/** Reads whose likelihood follows their GC content, and whose ratio knows the class. */
function reads(seed: number, count: number, shift: number, genera: string[]): ScoredReads {
  const gc = uniforms(seed, count)
  return {
    scores: {
      likelihood: uniforms(seed + 1, count).map((u, i) => 0.3 * u + gc[i]),
      ratio: uniforms(seed + 2, count).map(u => u + shift),
    },
    gc,
    genus: gc.map((_, i) => genera[i % genera.length]),
  }
}

const inDistribution = reads(1, 300, 0.4, ['Bacillus', 'Yersinia'])
const outOfDistribution = reads(10, 500, 0, ['Zymobacter', 'Actinoalloteichus', 'Dokdonia'])

test('evaluate: likelihood and ratio on the same reads', t => {
  const evaluation = evaluateScores({ inDistribution, outOfDistribution }, { replicates: 200 })
  const [likelihood, ratio] = evaluation.scores
  t.deepEqual([likelihood.score, ratio.score], ['likelihood', 'ratio'])
  t.equal(ratio.auroc.value, auroc(inDistribution.scores.ratio, outOfDistribution.scores.ratio))
  for (const score of evaluation.scores) {
    for (const metric of ['auroc', 'auprcIn', 'auprcOod', 'fpr80', 'fpr95'] as const) {
      const { value, low, high } = score[metric]
      t.ok(low < value && value < high, `${score.score} ${metric}: ${low} < ${value} < ${high}`)
    }
  }
  const [comparison] = evaluation.comparisons
  t.deepEqual([comparison.score, comparison.against], ['ratio', 'likelihood'])
  t.ok(comparison.p < 1e-6 && comparison.t > 5, 'the ratio is better beyond doubt')
  t.ok(likelihood.gcCorrelation!.all.spearman > 0.9 && Math.abs(ratio.gcCorrelation!.all.spearman) < 0.1)
  t.deepEqual(
    evaluation.groups.map(({ by, group, distribution, readsIn, readsOod }) =>
      [by, group, distribution, readsIn, readsOod].join(' '),
    ),
    [
      'genus Bacillus in 150 500',
      'genus Yersinia in 150 500',
      'genus Actinoalloteichus ood 300 167',
      'genus Dokdonia ood 300 166',
      'genus Zymobacter ood 300 167',
    ],
  )
  t.deepEqual(
    evaluateScores({ inDistribution, outOfDistribution }, { replicates: 200 }),
    evaluation,
    'repeatable',
  )
  const clustered = evaluateScores(
    { inDistribution, outOfDistribution },
    { replicates: 50, cluster: 'genus' },
  )
  t.equal(clustered.intervals.unit, 'genus')
  t.equal(clustered.scores[1].auroc.value, ratio.auroc.value)
  t.end()
})

test('evaluate: a read without a score is dropped from every score, and counted', t => {
  const holed = (values: ArrayLike<number>, hole: number): number[] =>
    Array.from(values, (v, i) => (i === hole ? Number.NaN : v))
  const { likelihood, ratio } = inDistribution.scores
  const evaluation = evaluateScores({
    inDistribution: {
      ...inDistribution,
      scores: { likelihood: holed(likelihood, 0), ratio: holed(ratio, 2) },
    },
    outOfDistribution,
  })
  t.deepEqual(evaluation.inDistribution, { reads: 298, dropped: 2 })
  t.deepEqual(evaluation.outOfDistribution, { reads: 500, dropped: 0 })
  t.deepEqual(
    evaluation.scores.map(({ undefinedScores }) => undefinedScores),
    [
      { inDistribution: 1, outOfDistribution: 0 },
      { inDistribution: 1, outOfDistribution: 0 },
    ],
    'and counted for each score',
  )
  const kept = Array.from(ratio).filter((_, i) => i !== 0 && i !== 2)
  t.equal(evaluation.scores[1].auroc.value, auroc(kept, outOfDistribution.scores.ratio))
  t.match(
    formatTable(evaluation),
    /^298 in-distribution and 500 out-of-distribution reads \(2 more without a score\)\n/,
  )
  t.end()
})

test('evaluate: one score, no GC, no genera, one read', t => {
  const one = (value: number): ScoredReads => ({ scores: { likelihood: [value] } })
  const evaluation = evaluateScores({ inDistribution: one(2), outOfDistribution: one(1) }, { replicates: 0 })
  t.deepEqual([evaluation.comparisons, evaluation.groups], [[], []])
  t.equal(evaluation.scores[0].gcCorrelation, undefined)
  t.match(formatTable(evaluation), /AUPRC \(in-distribution\).*\nlikelihood +1\.000 \[NA, NA\] /)
  t.match(
    formatTable(evaluation),
    /AUROC\nlikelihood +1\.000 \[NA, NA\]\n/,
    'one read of a class: no interval',
  )
  t.match(formatTsv(evaluation), /^likelihood\tfpr80\tall\t0\tNA\tNA\t1\t1$/m)
  t.match(JSON.stringify(evaluation), /"fpr80":\{"value":0,"low":null,"high":null\}/)
  t.end()
})

test('evaluate: every fault is told', t => {
  const scores = (values: number[]): ScoredReads => ({ scores: { likelihood: values } })
  const evaluate = (inside: ScoredReads, outside: ScoredReads, options: EvaluationOptions = {}) =>
    evaluateScores({ inDistribution: inside, outOfDistribution: outside }, options)
  t.throws(
    () => evaluate(scores([1]), scores([Number.NaN])),
    /likelihood is not a number for any of 1 out-of-distribution reads: leave that score out/,
  )
  t.throws(
    () =>
      evaluate(scores([1, 2]), { scores: { likelihood: [1, Number.NaN] } }) &&
      evaluate({ scores: { a: [1, Number.NaN], b: [Number.NaN, 1] } }, { scores: { a: [1], b: [1] } }),
    /no in-distribution read to evaluate \(2 dropped because a score is not a number\)/,
  )
  t.throws(() => evaluate(scores([]), scores([1])), /no in-distribution read to evaluate \(0 dropped/)
  t.throws(
    () => evaluate(scores([1]), { scores: { ratio: [1] } }),
    /both classes need the same scores: got \[likelihood\] in-distribution, \[ratio\] out-of-distribution/,
  )
  t.throws(() => evaluate({ scores: {} }, { scores: {} }), /both classes need the same scores/)
  t.throws(
    () => evaluate({ ...scores([1, 2]), gc: [0.5] }, scores([1])),
    /in-distribution: 1 values of gc for 2 of likelihood/,
  )
  t.throws(() => evaluate(scores([1]), scores([1]), { cluster: 'genus' }), /need the genus of every read/)
  t.throws(() => evaluate(scores([1]), scores([1]), { cluster: 'genome' }), /need the genome of every read/)
  t.throws(() => evaluate(scores([1]), scores([1]), { near: ['Bacillus'] }), /need the genus of every out-of/)
  t.throws(
    () => evaluate(scores([1]), { ...scores([1]), genus: ['Vibrio'] }, { near: ['Vibrio', 'Vibro'] }),
    /near genera: no out-of-distribution read is of Vibro/,
  )
  t.end()
})
