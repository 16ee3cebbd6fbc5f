import test from 'tape'
import { aurocEstimate } from '../../eval/index.js'
import { lstm } from '../../model/cells/lstm.js'
import {
  compareGrid,
  gridPoints,
  initialState,
  Scorer,
  scoreValidation,
  type ValidationScores,
} from '../../model/index.js'

test('a grid: of every hidden size one foreground, and each background once', t => {
  const points = gridPoints({ hidden: [8, 16, 8], mutationRates: [0, 0.1, 0.1], regWeights: [0, 1e-3] })
  t.deepEqual(
    points.map(p => [p.hidden_lstm_size, p.mutation_rate, p.reg_weight]),
    [8, 16].flatMap(hidden => [
      [hidden, 0, 0],
      [hidden, 0, 1e-3],
      [hidden, 0.1, 0],
      [hidden, 0.1, 1e-3],
    ]),
  )
  t.end()
})

/** Scores of 50 reads of each kind. */
const scoresOf = (f: (i: number, inside: boolean) => number): ValidationScores => ({
  in: Float64Array.from({ length: 50 }, (_, i) => f(i, true)),
  ood: Float64Array.from({ length: 50 }, (_, i) => f(i, false)),
})

test('backgrounds are compared by the AUROC of their ratio to the foreground of their size', async t => {
  const noise = (i: number) => (i * 37) % 50
  const foreground = scoresOf((i, inside) => noise(i) + (inside ? 12 : 0))
  const good = scoresOf(i => noise(i) * 0.8)
  const poor = scoresOf(i => noise(i + 7) * 0.1)
  const point = (hidden_lstm_size: number, mutation_rate: number) => ({
    hidden_lstm_size,
    mutation_rate,
    reg_weight: 0,
  })
  const rows = compareGrid([
    { point: point(8, 0), scores: foreground },
    { point: point(8, 0.3), scores: poor },
    { point: point(8, 0.1), scores: good },
    { point: point(16, 0.1), scores: good },
  ])
  t.deepEqual(
    rows.map(row => [row.hidden_lstm_size, row.mutation_rate]),
    [
      [8, 0.1],
      [8, 0.3],
    ],
    'the best first; a size without a foreground is left out',
  )
  const ratio = (set: 'in' | 'ood') => foreground[set].map((x, i) => x - good[set][i])
  t.deepEqual(rows[0].ratio, aurocEstimate(ratio('in'), ratio('ood')))
  t.deepEqual(rows[1].likelihood, aurocEstimate(foreground.in, foreground.ood))
  t.ok(Number.isNaN(rows[0].pAgainstBest) && rows[1].pAgainstBest < 0.05)
})

test('scoreValidation: the mean log-likelihoods of both sets', async t => {
  const options = { cell: lstm, hidden: 4 }
  const state = initialState({ ...options, seed: 1 })
  const reads = [Uint8Array.of(0, 1, 2, 3, 1), Uint8Array.of(3, 3, 1, 0, 2)]
  const scores = await scoreValidation(
    { path: '', options, state, metadata: {} },
    { inDistribution: reads, outOfDistribution: reads.slice(1) },
  )
  const [a, b] = await new Scorer(options, state.parameters).score(reads)
  t.deepEqual([[...scores.in], [...scores.ood]], [[a.mean, b.mean], [b.mean]])
})
