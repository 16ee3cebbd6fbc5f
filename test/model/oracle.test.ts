import { readFile } from 'node:fs/promises'
import { encode } from '../../data/read.js'
import { bitsAt, keyFromSeed, tensor } from '../../engine/index.js'
import { initialState, loadModel, makeTrainStep, Scorer } from '../../model/index.js'
import { effort } from '../effort.js'
import { sharedPath, testShared } from '../shared.js'

const oracle = (name: string) => sharedPath(`data/tf1-oracle/${name}`)

async function fasta(name: string): Promise<Uint8Array[]> {
  const text = await readFile(oracle(name), 'utf8')
  return text
    .split('>')
    .slice(1)
    .map(record => encode(record.split('\n').slice(1).join('')))
}

testShared("the reference's likelihoods of its test reads, on both devices", async t => {
  const { options, state } = await loadModel(oracle('model/model_900.ckpt'))
  // The reference's test file holds the first 125 bases of each read.
  const reads = (await fasta('test_data.fa')).map(read => read.subarray(0, 125))
  const wanted = (await readFile(oracle('lstm_ll_class0.txt'), 'utf8')).trim().split('\n').map(Number)
  for (const device of ['reference', 'wasm']) {
    // Loaded for each device: a tensor's value lies on one.
    const { parameters } = (await loadModel(oracle('model/model_900.ckpt'))).state
    const likelihoods = await new Scorer(options, parameters, 100, device).score(reads)
    const worst = Math.max(...likelihoods.map(({ mean }, i) => Math.abs(mean - wanted[i])))
    t.equal(likelihoods.length, wanted.length)
    t.ok(worst < 1e-6, `${device}: largest difference ${worst.toExponential(2)} nats per base`)
  }
  t.equal(await state.updates.item(), 901, 'model_900 holds 901 updates')
})

testShared("Adam's slots after the reference's first update", async t => {
  // m = 0.1 g and v = 0.001 g², so v / m² = 0.1.
  const { state } = await loadModel(oracle('model/model_0.ckpt'))
  const m = await state.adam!.m.cell.kernel.data()
  const v = await state.adam!.v.cell.kernel.data()
  const ratios = [...m].flatMap((x, i) => (Math.abs(x) > 1e-6 ? [v[i] / x ** 2] : []))
  t.ok(ratios.length > 1000 && ratios.every(r => Math.abs(r - 0.1) < 1e-3), `${ratios.length} ratios are 0.1`)
})

/** What the reference has logged of its training, by step: the loss of one batch, and half the squared weights. */
const logged = {
  100: { loss: 1.3513, regulariser: 31.952 },
  600: { loss: 1.3367, regulariser: 40.201 },
  900: { loss: 1.3357, regulariser: 44.008 },
} as const

/**
 * From one of the reference's checkpoints to a step that it has logged, and how near the regulariser has to come to it; all
 * of the reference's training where there is time for that.
 */
const legs: readonly (readonly [from: number, to: keyof typeof logged, tolerance: number])[] =
  effort > 1
    ? [[0, 900, 0.5]]
    : [
        [0, 100, 0.15],
        [500, 600, 0.15],
      ]

for (const [from, to, tolerance] of legs)
  testShared(
    `training from the reference's checkpoint ${from} follows its logged curve to ${to}`,
    async t => {
      const { options, state: start } = await loadModel(oracle(`model/model_${from}.ckpt`))
      const reads = await fasta('in_tr_class0.fa')
      const settings = {
        ...options,
        learningRate: 5e-4,
        dropoutRate: 0.1,
        regulariserType: 'l2',
        regulariserWeight: 0,
        seed: 1,
      } as const
      const step = makeTrainStep(settings)
      const [batch, length] = [100, 250]
      const tokens = tensor(new Int32Array(batch * length), { shape: [batch, length] })
      const losses: number[] = []
      let state = start
      let regulariser = 0
      for (let i = from; i < to; i++) {
        const rows = Array.from(
          { length: batch },
          (_, j) => reads[(bitsAt(keyFromSeed(2), i, j) >>> 0) % reads.length],
        )
        tokens.assign(Int32Array.from(rows.flatMap(row => [...row])))
        const result = await step(state, tokens)
        state = result.state
        losses.push(result.metrics.loss)
        regulariser = result.metrics.loss_reg
      }
      const averaged = 30
      const loss = losses.slice(-averaged).reduce((a, b) => a + b) / averaged
      const there = logged[to]
      t.ok(
        Math.abs(regulariser - there.regulariser) < tolerance,
        `loss_reg ${regulariser.toFixed(3)}, the reference logged ${there.regulariser}`,
      )
      t.ok(
        Math.abs(loss - there.loss) < 0.006,
        `loss ${loss.toFixed(4)} over the last ${averaged} steps, the reference logged ${there.loss}`,
      )
    },
  )

testShared('initial parameters are distributed as in the reference', async t => {
  const { options, state } = await loadModel(oracle('model/model_0.ckpt'))
  const initial = initialState({ ...options, seed: 9 })
  const spread = async (x: { data(): Promise<ArrayLike<number>> }) => {
    const values = Array.from(await x.data())
    return Math.sqrt(values.reduce((a, b) => a + b * b, 0) / values.length)
  }
  for (const name of ['kernel', 'bias'] as const) {
    const [a, b] = [await spread(initial.parameters.cell[name]), await spread(state.parameters.cell[name])]
    t.ok(Math.abs(a / b - 1) < 0.15, `cell ${name}: ${a.toFixed(4)}, there ${b.toFixed(4)}`)
  }
})
