import test from 'tape'
import { keyFromSeed, uniformAt } from '../../../engine/hostRandom.js'
import { mapTree, randomKey, type Tensor, tensor } from '../../../engine/index.js'
import { gradcheck } from '../../../engine/testing/index.js'
import {
  type ClassifierParameters,
  classifierLoss,
  hiddenLayer,
  initialClassifier,
} from '../../../model/index.js'

const sizes = { motifs: 5, motifLength: 3, hidden: 4, classes: 3, embedding: true }
const noNoise = { rate: 0, key: randomKey(0) }

/** Parameters with values of their own everywhere, biases and embedding included. */
const parameters: ClassifierParameters = mapTree(initialClassifier(sizes, randomKey(1)), (t, path) =>
  tensor(
    Float32Array.from({ length: t.size }, (_, i) => uniformAt(keyFromSeed(path.length), 0, i) - 0.4),
    { shape: t.shape },
  ),
)

/** Three reads of 8 bases (one unknown, 4) and their classes. */
const rows = [
  [0, 1, 2, 3, 0, 0, 1, 2, 2],
  [3, 3, 3, 1, 4, 2, 0, 1, 0],
  [2, 0, 2, 0, 1, 1, 3, 3, 1],
]

/** The last hidden layer of a read by plain loops. */
async function plainHidden(bases: readonly number[]): Promise<number[]> {
  const { embedding, motifs, dense } = parameters
  const values = async (t: Tensor | undefined) => [...((await t?.data()) ?? [])]
  const [table, kernel, bias] = await Promise.all([embedding?.table, motifs.kernel, motifs.bias].map(values))
  const [weights, denseBias] = await Promise.all([dense.kernel, dense.bias].map(values))
  const pooled = bias.map((b, f) => {
    let best = Number.NEGATIVE_INFINITY
    for (let start = 0; start + sizes.motifLength <= bases.length; start++) {
      let sum = b
      for (let j = 0; j < sizes.motifLength; j++)
        for (let e = 0; e < 4; e++) {
          const base = bases[start + j]
          const coordinate = base < 4 ? table[4 * base + e] : 0
          sum += coordinate * kernel[(4 * j + e) * sizes.motifs + f]
        }
      best = Math.max(best, sum, 0)
    }
    return best
  })
  return denseBias.map((b, h) =>
    Math.max(
      0,
      pooled.reduce((sum, x, f) => sum + x * weights[f * sizes.hidden + h], b),
    ),
  )
}

const batch = () =>
  tensor(
    rows.map(row => row.slice(0, -1)),
    { dtype: 'int32' },
  )

test('classifier: the hidden layer is that of plain loops', async t => {
  const hidden = await hiddenLayer(parameters, batch()).data()
  const expected = (await Promise.all(rows.map(row => plainHidden(row.slice(0, -1))))).flat()
  const worst = expected.reduce((most, x, i) => Math.max(most, Math.abs(x - hidden[i])), 0)
  t.ok(worst < 1e-6, worst.toExponential(1))
  t.ok(expected.some(x => x > 0) && expected.some(x => x === 0), 'some units are on, some off')
})

test('classifier: loss, accuracy and class weights', async t => {
  const kernel = [...(await parameters.logits.kernel.data())]
  const bias = [...(await parameters.logits.bias.data())]
  const logits = await Promise.all(
    rows.map(async row => {
      const hidden = await plainHidden(row.slice(0, -1))
      return bias.map((b, c) => hidden.reduce((sum, x, h) => sum + x * kernel[3 * h + c], b))
    }),
  )
  const temperature = 2
  const losses = logits.map((l, i) => {
    const sum = l.reduce((s, x) => s + Math.exp(x / temperature), 0)
    return Math.log(sum) - l[rows[i][8]] / temperature
  })
  const right = logits.filter((l, i) => Math.max(...l) === l[rows[i][8]]).length / 3
  const input = tensor(rows, { dtype: 'int32' })
  const plain = classifierLoss({ temperature }, parameters, input, noNoise)
  t.ok(Math.abs((await plain.loss.item()) - losses.reduce((a, b) => a + b) / 3) < 1e-6, 'mean loss')
  t.ok(Math.abs((await plain.accuracy.item()) - right) < 1e-6, `accuracy ${right}`)

  // Weights 1, 2, 5 of the classes 2, 0, 1 of the reads are scaled to a mean of 1: 5, 1, 2 over 8/3.
  const weighted = classifierLoss({ temperature, classWeights: [1, 2, 5] }, parameters, input, noNoise)
  const expected = (5 * losses[0] + losses[1] + 2 * losses[2]) / 8
  t.ok(Math.abs((await weighted.loss.item()) - expected) < 1e-6, 'weighted loss')
})

test('classifier: gradients of every parameter against finite differences', async t => {
  const { embedding, motifs, dense, logits } = parameters
  const tensors = [motifs.kernel, motifs.bias, dense.kernel, dense.bias, logits.kernel, logits.bias]
  const input = tensor(rows, { dtype: 'int32' })
  const table = embedding?.table ?? tensor([0])
  await gradcheck(
    (table, k, b, dk, db, lk, lb) =>
      classifierLoss(
        { temperature: 0.5, classWeights: [1, 3, 2] },
        {
          embedding: { table },
          motifs: { kernel: k, bias: b },
          dense: { kernel: dk, bias: db },
          logits: { kernel: lk, bias: lb },
        },
        input,
        noNoise,
      ).loss,
    [table, ...tensors],
  )
  t.pass('they agree')
})

test('classifier: initial values are those of the reference', async t => {
  const large = { motifs: 200, motifLength: 20, hidden: 50, classes: 10, embedding: true }
  const { embedding, motifs, dense, logits } = initialClassifier(large, randomKey(5))
  t.deepEqual(await embedding?.table.array(), [
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ])
  for (const [name, layer, limit] of [
    ['motifs', motifs, Math.sqrt(6 / (20 * 4 + 20 * 200))],
    ['dense', dense, Math.sqrt(6 / (200 + 50))],
    ['logits', logits, Math.sqrt(6 / (50 + 10))],
  ] as const) {
    const largest = Math.max(...(await layer.kernel.abs().data()))
    t.ok(largest <= limit && largest > 0.95 * limit, `${name}: uniform up to ${limit}, got ${largest}`)
    t.ok((await layer.bias.data()).every(x => x === 0))
  }
})
