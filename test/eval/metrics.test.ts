import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import test from 'tape'
import { auprc, auroc, fprAtTpr, pearson, rocCurve, type Scores, spearman } from '../../eval/index.js'
import { isClose, scoresOf, uniforms } from './arbitrary.js'

type Case = {
  seed: number
  in: number
  ood: number
  shift: number
  levels: number
  auroc: number
  auprcIn: number
  auprcOod: number
  'fprIn0.8': number
  'fprOod0.8': number
  'fprIn0.95': number
  'fprOod0.95': number
  pearson?: number
  spearman?: number
}

// Read from the source tree: the compiler copies no data files into dist.
const sklearn = JSON.parse(
  readFileSync(new URL('../../../test/eval/sklearn.json', import.meta.url), 'utf8'),
) as { cases: Case[] }

function scoresOfCase({ seed, in: m, ood: n, shift, levels }: Case): { inside: number[]; outside: number[] } {
  const draws = uniforms(seed, m + n)
    .map((u, i) => u + (i < m ? shift : 0))
    .map(u => (levels > 0 ? Math.floor(u * levels) / levels : u))
  return { inside: draws.slice(0, m), outside: draws.slice(m) }
}

const figuresOf = (inside: number[], outside: number[]): Partial<Case> => ({
  auroc: auroc(inside, outside),
  auprcIn: auprc(inside, outside, 'in'),
  auprcOod: auprc(inside, outside, 'ood'),
  'fprIn0.8': fprAtTpr(inside, outside, 0.8),
  'fprOod0.8': fprAtTpr(inside, outside, 0.8, 'ood'),
  'fprIn0.95': fprAtTpr(inside, outside, 0.95),
  'fprOod0.95': fprAtTpr(inside, outside, 0.95, 'ood'),
})

test('metrics: the figures of scikit-learn and SciPy', t => {
  for (const expected of sklearn.cases) {
    const { inside, outside } = scoresOfCase(expected)
    const short = Math.min(inside.length, outside.length)
    const got: Partial<Case> = {
      ...figuresOf(inside, outside),
      ...(expected.pearson !== undefined && {
        pearson: pearson(inside.slice(0, short), outside.slice(0, short)),
        spearman: spearman(inside.slice(0, short), outside.slice(0, short)),
      }),
    }
    const wrong = (Object.keys(got) as (keyof Case)[]).filter(key => !isClose(got[key]!, expected[key]!))
    t.deepEqual(wrong, [], `${expected.in} and ${expected.ood} reads, ${expected.levels || 'no'} levels`)
  }
  t.end()
})

// Scores of few values have many ties. Debian's package is python3-sklearn; .ci/run installs it.
test("metrics: scikit-learn's on the spot, to 1e-12", { timeout: 120_000 }, t => {
  const hasPython = spawnSync('python3', ['-c', 'import sklearn, scipy']).status === 0
  if (!hasPython) {
    t.skip('install python3-sklearn')
    t.end()
    return
  }
  const cases = Array.from({ length: 40 }, (_, seed) => {
    const [sizeIn, sizeOod, levels] = [
      2 + ((seed * 37) % 300),
      2 + ((seed * 91) % 400),
      [2, 5, 20, 1000][seed % 4],
    ]
    const draws = uniforms(seed + 1, sizeIn + sizeOod).map((u, i) => u + (i < sizeIn ? 0.2 : 0))
    const tied = draws.map(u => Math.floor(u * levels) / levels)
    return { inside: tied.slice(0, sizeIn), outside: tied.slice(sizeIn) }
  })
  const script = fileURLToPath(new URL('../../../test/eval/make_sklearn.py', import.meta.url))
  const { status, stdout, stderr } = spawnSync('python3', [script, '-'], { input: JSON.stringify(cases) })
  t.equal(status, 0, `${stderr}`)
  const expected = JSON.parse(`${stdout}`) as Case[]
  const wrong = cases.filter(({ inside, outside }, i) => {
    const figures = figuresOf(inside, outside)
    return (Object.keys(figures) as (keyof Case)[]).some(key => !isClose(figures[key]!, expected[i][key]!))
  })
  t.equal(expected.length, cases.length)
  t.deepEqual(wrong, [])
  t.end()
})

/** By definition: the share of pairs that are in order, ties one half. */
function aurocByPairs(inScores: Scores, oodScores: Scores): number {
  let wins = 0
  for (const a of Array.from(inScores))
    for (const b of Array.from(oodScores)) wins += a > b ? 1 : a === b ? 0.5 : 0
  return wins / (inScores.length * oodScores.length)
}

const twoClasses = [scoresOf(1), scoresOf(1)] as const

test('metrics: AUROC is the share of pairs in order', t => {
  fc.assert(fc.property(...twoClasses, (a, b) => isClose(auroc(a, b), aurocByPairs(a, b))))
  t.pass('random scores with ties and infinities')
  t.end()
})

test('metrics: AUROC of negated scores, and of exchanged classes, is one minus AUROC', t => {
  const negated = (scores: number[]): number[] => scores.map(s => -s)
  fc.assert(
    fc.property(
      ...twoClasses,
      (a, b) =>
        isClose(auroc(negated(a), negated(b)), 1 - auroc(a, b)) && isClose(auroc(b, a), 1 - auroc(a, b)),
    ),
  )
  t.pass('random scores')
  t.end()
})

test('metrics: nothing changes under a strictly increasing map', t => {
  const scores = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 30 })
  const map = fc
    .array(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), { minLength: 41, maxLength: 41 })
    .map(steps => {
      let height = -1e6
      const heights = steps.map(step => {
        height += step
        return height
      })
      return (s: number): number => heights[s + 20]
    })
  const figures = (a: number[], b: number[]): string =>
    [auroc(a, b), auprc(a, b), auprc(a, b, 'ood'), fprAtTpr(a, b, 0.8), fprAtTpr(a, b, 0.95, 'ood')].join()
  fc.assert(fc.property(scores, scores, map, (a, b, f) => figures(a.map(f), b.map(f)) === figures(a, b)))
  t.pass('random integer scores, random step heights')
  t.end()
})

test('metrics: the positive class may be either; its scores are then negated', t => {
  fc.assert(
    fc.property(...twoClasses, fc.double({ min: 0.01, max: 1, noNaN: true }), (a, b, tpr) => {
      const [minusB, minusA] = [b, a].map(scores => scores.map(s => -s))
      return (
        auprc(a, b, 'ood') === auprc(minusB, minusA, 'in') &&
        fprAtTpr(a, b, tpr, 'ood') === fprAtTpr(minusB, minusA, tpr, 'in')
      )
    }),
  )
  t.pass('random scores')
  t.end()
})

test('metrics: the area under the drawn ROC curve is the AUROC', t => {
  fc.assert(
    fc.property(...twoClasses, (a, b) => {
      const { fpr, tpr } = rocCurve(a, b)
      let area = 0
      for (let i = 1; i < fpr.length; i++) area += ((fpr[i] - fpr[i - 1]) * (tpr[i] + tpr[i - 1])) / 2
      return isClose(area, auroc(a, b)) && fpr.at(-1) === 1 && tpr.at(-1) === 1
    }),
  )
  t.pass('random scores')
  t.end()
})

test('metrics: edges', t => {
  t.equal(auroc([1], [0]), 1)
  t.equal(auroc([0], [-0]), 0.5, 'zero ties with minus zero')
  t.equal(auroc([2, 2], [2, 2, 2]), 0.5, 'constant scores')
  t.equal(auprc([2, 2], [2, 2, 2]), 0.4, 'chance is the share of the positive class')
  t.equal(fprAtTpr([2, 2], [2, 2, 2], 0.8), 1)
  t.equal(auroc([Number.POSITIVE_INFINITY, 0], [Number.NEGATIVE_INFINITY, 0]), 0.875, 'infinities')
  t.throws(
    () => auroc([], [1]),
    /^RangeError: no in-distribution scores: both classes need at least one read$/,
  )
  t.throws(() => auroc([1], []), /no out-of-distribution scores/)
  t.throws(
    () => auroc([1], [0, Number.NaN]),
    /out-of-distribution score 1 is not a number: drop such reads first/,
  )
  t.throws(() => fprAtTpr([1], [0], 80), /true positive rate: got 80, give one in \(0, 1\]/)
  t.throws(() => pearson([1, 2], [1]), /correlation: got 2 and 1 values/)
  t.ok(Number.isNaN(spearman([1, 1], [1, 2])), 'no correlation with a constant')
  t.end()
})
