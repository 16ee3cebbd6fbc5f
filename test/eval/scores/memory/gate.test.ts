import test from 'tape'
import { keyFromSeed, uniformAt } from '../../../../engine/hostRandom.js'
import { findKind, type StorableScore } from '../../../../eval/scores/index.js'
import type { ExpertTrack, JudgedBases } from '../../../../eval/scores/memory/expertTrack.js'
import { Gate } from '../../../../eval/scores/memory/gate.js'
import { GatePass } from '../../../../eval/scores/memory/gatePass.js'
import { GateRows, noLosses } from '../../../../eval/scores/memory/gateRows.js'
import { reload } from '../sequences.js'

const random = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => Math.floor(4 * uniformAt(keyFromSeed(seed), 0, i)))

const genera = 2
const bases = 300

/**
 * Two experts of opposite merits: in the first half of a fragment one is right and sure, in the second half the other; the
 * one that is wrong says so by its uncertainty.
 */
function fragment(seed: number): JudgedBases {
  const key = keyFromSeed(seed)
  const tracks = [0, 1].map(expert => {
    const losses = new Float32Array(bases * genera)
    const uncertainties = new Float32Array(bases * genera)
    for (let i = 0; i < losses.length; i++) {
      const sure = Math.floor(i / genera) < bases / 2 === (expert === 0)
      uncertainties[i] = sure ? 0.3 : 1.35
      losses[i] = (sure ? 0.2 : 1.2) + 0.4 * uniformAt(key, expert, i)
      if (i < 6) losses[i] = Number.NaN
    }
    return { losses, uncertainties }
  })
  return { tracks, bases, genera, start: 0 }
}

/** What the gate is to compute, in plain loops (its parameters as it stores them). */
function mixtureOf(parameters: Record<string, Float32Array>, { tracks }: JudgedBases, genus: number): number {
  const experts = tracks.length
  const units = parameters.hiddenBias.length
  const uniform = Math.log(4)
  const means = tracks.map(() => [0, 0])
  let sum = 0
  for (let base = 0; base < bases; base++) {
    const i = base * genera + genus
    const losses = tracks.map(track => (Number.isNaN(track.losses[i]) ? uniform : track.losses[i]))
    if (tracks.some(track => !Number.isNaN(track.losses[i]))) {
      const features = tracks.flatMap((track, k) => [
        ...means[k],
        Number.isNaN(track.losses[i]) ? 0 : track.uncertainties![i] - uniform,
      ])
      const hidden = Array.from(parameters.hiddenBias, (bias, u) =>
        Math.tanh(features.reduce((total, x, f) => total + x * parameters.hiddenKernel[f * units + u], bias)),
      )
      const logits = Array.from(parameters.weightsBias, (bias, k) =>
        hidden.reduce((total, x, u) => total + x * parameters.weightsKernel[u * experts + k], bias),
      )
      const weights = logits.map(Math.exp)
      const total = weights.reduce((a, b) => a + b)
      sum += Math.log(losses.reduce((p, loss, k) => p + (weights[k] / total) * Math.exp(-loss), 0))
      losses.forEach((loss, k) => {
        means[k] = means[k].map(
          (mean, d) => [3 / 4, 31 / 32][d] * mean + [1 / 4, 1 / 32][d] * (loss - uniform),
        )
      })
    }
  }
  return sum
}

/** Fragments as a gate is trained on them, their genera by turns. */
function rowsOf(fragments: readonly JudgedBases[]): GateRows[] {
  const batches: GateRows[] = []
  for (const [i, judged] of fragments.entries()) {
    const means = noLosses(judged.tracks.length)
    for (let base = 0; base < judged.bases; ) {
      if (batches.at(-1)?.isFull ?? true) batches.push(new GateRows(judged.tracks.length))
      base = batches.at(-1)!.add(judged, i, i % genera, means, base)
    }
  }
  return batches
}

/** The bases of a fragment from `start` on, `length` of them. */
function cut({ tracks }: JudgedBases, start: number, length: number): JudgedBases {
  const cutTrack = ({ losses, uncertainties }: ExpertTrack): ExpertTrack => ({
    losses: losses.subarray(start * genera),
    ...(uncertainties && { uncertainties: uncertainties.subarray(start * genera) }),
  })
  return { tracks: tracks.map(cutTrack), genera, start, bases: Math.min(length, bases - start) }
}

/** What a gate says of fragments that it is given in parts of some length: the sum for each genus, and base by base. */
async function mixed(gate: Gate, fragments: readonly JudgedBases[], length = bases) {
  const sums = fragments.map(() => new Float64Array(genera))
  const values = fragments.map(() => new Float32Array(bases * genera))
  const pass = new GatePass(gate, genera, (f, genus, base, logLikelihood) => {
    sums[f][genus] += logLikelihood
    values[f][base * genera + genus] = logLikelihood
  })
  for (const [f, judged] of fragments.entries())
    for (let start = 0; start < bases; start += length)
      await pass.add(cut(judged, start, length), f, [...Array(genera).keys()])
  await pass.end()
  return { sums, values }
}

test('gate: follows the expert that is sure and right, and computes what it says', async t => {
  const training = Array.from({ length: 60 }, (_, i) => fragment(i))
  const gate = await Gate.train(rowsOf(training), 1)
  const parameters = await gate.arrays()
  const held = [fragment(100), fragment(101)]
  const { sums, values } = await mixed(gate, held)
  for (const [i, judged] of held.entries())
    for (let genus = 0; genus < genera; genus++) {
      const expected = mixtureOf(parameters, judged, genus)
      t.ok(Math.abs(sums[i][genus] - expected) < 1e-3 * Math.abs(expected), `${sums[i][genus]}, ${expected}`)
      const fixed = judged.tracks.map(
        ({ losses }) => -losses.reduce((a, b, k) => a + (k % genera === genus && b >= 0 ? b : 0), 0),
      )
      t.ok(sums[i][genus] > Math.max(...fixed) + 50, 'better than either expert alone')
      const ofBases = values[i].filter((_, k) => k % genera === genus)
      t.equal(
        ofBases.reduce((a, b) => a + b),
        sums[i][genus],
        'each base once',
      )
    }
  for (const length of [1, 7, 150, 299])
    t.deepEqual(
      await mixed(gate, held, length),
      { sums, values },
      `the same bits in parts of ${length} bases`,
    )
  const many = Array.from({ length: 80 }, (_, i) => fragment(100 + (i % 2)))
  const { sums: ofMany } = await mixed(gate, many, 90)
  t.ok(
    ofMany.every((ofOne, i) => ofOne.every((sum, genus) => sum === sums[i % 2][genus])),
    'the same bits in several calls, beside others',
  )
  const loaded = Gate.of(parameters as Parameters<typeof Gate.of>[0])
  t.deepEqual(await mixed(loaded, held), { sums, values }, 'the same bits from what is stored')
  const again = await Gate.train(rowsOf(training), 1)
  t.deepEqual(await again.arrays(), parameters, 'a function of the fragments and the seed')
  await t.test('refuses what is no gate', async s => {
    const { hiddenBias, hiddenKernel, weightsBias, weightsKernel } = parameters
    const short = { hiddenBias, hiddenKernel: hiddenKernel.subarray(1), weightsBias, weightsKernel }
    s.throws(() => Gate.of(short), /the parameters of the gate are not those of 2 experts/)
    const error = await Gate.train([], 1).catch(e => e)
    s.match(String(error), /a gate needs fragments/)
  })
  for (const g of [gate, loaded, again]) g.dispose()
})

const genomes = [random(4000, 1), random(4000, 2)]

async function fitGated(): Promise<StorableScore> {
  const kind = findKind('genusOdds')
  if (kind.fittedOn !== 'sequences') throw new Error('genusOdds is fitted on sequences')
  const fitting = kind.startFit('gated', { order: '6', mix: 'gate', copies: '16' })
  for (const [i, sequence] of genomes.entries()) fitting.add({ genus: 'AB'[i], bases: sequence })
  return fitting.finish(new Map())
}

test('genusOdds with a gate, copies among its experts: remembers, and is the same from a file', async t => {
  const score = await fitGated()
  const fragments = [
    genomes[0].subarray(100, 400),
    genomes[1].subarray(900, 1300),
    random(300, 9),
    random(5, 3),
  ]
  const leads = await score.score(fragments)
  t.ok(leads[0] > 20 && leads[1] > 20 && leads[2] < 20, `${leads}`)
  t.ok(Number.isNaN(leads[3]), 'not defined for five bases')
  const evidence = await score.genusEvidence?.evidence(fragments)
  const pairs = [
    [0, 1],
    [1, 0],
  ] as const
  for (const [i, track] of (await score.genusEvidence!.tracks!(fragments.slice(0, 2), pairs)).entries()) {
    const total = track.reduce((sum, value) => (Number.isNaN(value) ? sum : sum + value), 0)
    t.ok(Math.abs(total - leads[i]) < 1e-3 * leads[i], `track ${i}: ${total}, ${leads[i]}`)
  }
  t.ok(
    evidence![0]![0] > evidence![0]![1] && evidence![1]![1] > evidence![1]![0],
    'for the genus that it is of',
  )
  const loaded = reload(score)
  t.deepEqual([...(await loaded.score(fragments))], [...leads])
  score.dispose?.()
  loaded.dispose?.()
})

test('genusOdds with networks: needs them before it, of the same genera', async t => {
  const kind = findKind('genusOdds')
  if (kind.fittedOn !== 'sequences') throw new Error('genusOdds is fitted on sequences')
  const fitting = kind.startFit('gated', { order: '3', mix: 'gate+networks' })
  fitting.add({ genus: 'A', bases: genomes[0] })
  const error = await (async () => fitting.finish(new Map()))().catch(e => e)
  t.match(String(error), /needs the networks of genera 'odds' before it/)
})
