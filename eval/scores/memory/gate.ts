import { seedPurposes } from '../../../engine/hostRandom.js'
import {
  type AdamState,
  adam,
  adamState,
  compile,
  dispose,
  fold,
  glorotUniform,
  gradients,
  leaves,
  randomKey,
  type Tensor,
  tensor,
  zeros,
} from '../../../engine/index.js'
import type { GenusPair } from '../score.js'
import { BaseValues } from './baseValues.js'

/**
 * What an expert says of a fragment's bases for each genus: [bases, genera], in nats. The loss is -log p of the base that
 * is there, NaN where the expert predicts none; the uncertainty is the loss that the expert expects, where it tells.
 */
export type ExpertTrack = { readonly losses: Float32Array; readonly uncertainties?: Float32Array }

/** A fragment as experts see it. */
export type JudgedFragment = { readonly tracks: readonly ExpertTrack[]; readonly bases: number }

type Dense = { readonly kernel: Tensor; readonly bias: Tensor }
type GateParameters = { readonly hidden: Dense; readonly weights: Dense }

const hiddenUnits = 16
/** Rows, of one base for one genus each, that go through the gate together. */
const rowsPerCall = 8192
/** What the losses so far weigh in their mean after each further base: a short and a long memory. */
const decays = [3 / 4, 31 / 32] as const
const featuresPerExpert = decays.length + 1
const uniformLoss = Math.log(4)

const learningRate = 0.01
const epochs = 4

/** log of the mixture of the experts, [rows], from `features` [rows, 3 experts] and their `logProbabilities` [rows, experts]. */
function mixture({ hidden, weights }: GateParameters, features: Tensor, logProbabilities: Tensor): Tensor {
  const activations = features.matmul(hidden.kernel).add(hidden.bias).tanh()
  const logits = activations.matmul(weights.kernel).add(weights.bias)
  return logSumExp(logits.add(logProbabilities)).sub(logSumExp(logits))
}

function logSumExp(x: Tensor): Tensor {
  const greatest = x.max(-1, true).detach()
  return x.sub(greatest).exp().sum(-1).log().add(greatest.squeeze(-1))
}

/**
 * A gate over experts: a small network that says, base by base and for each genus, how much each expert's prediction
 * weighs in their mixture, from how sure the expert is and how right it has been so far (as the mixers of the best DNA
 * compressors do: Pratas et al. 2019; Knoll & de Freitas 2012).
 */
export class Gate {
  readonly #parameters: GateParameters
  readonly #mix = compile((p: GateParameters, features: Tensor, logProbabilities: Tensor) =>
    mixture(p, features, logProbabilities),
  )

  private constructor(
    readonly experts: number,
    parameters: GateParameters,
  ) {
    this.#parameters = parameters
  }

  /**
   * Trains a gate to predict fragments by the experts of their own genus, which must not remember them: to the greatest
   * likelihood, with Adam.
   * @throws RangeError when there is nothing to train on.
   */
  static async train(
    fragments: readonly (JudgedFragment & { readonly genus: number; readonly genera: number })[],
    seed: number,
  ): Promise<Gate> {
    const experts = fragments[0]?.tracks.length ?? 0
    const batches: Rows[] = []
    let rows = new Rows(experts)
    for (const [f, { tracks, bases, genus, genera }] of fragments.entries())
      forEachRow(tracks, bases, genera, genus, (features, logProbabilities, base) => {
        rows.add(features, logProbabilities, f, genus, base)
        if (!rows.full) return
        batches.push(rows)
        rows = new Rows(experts)
      })
    if (rows.count > 0) batches.push(rows)
    if (batches.length === 0) throw new RangeError('a gate needs fragments that its experts predict')
    const key = fold(randomKey(seed), seedPurposes.run.gate)
    const inputs = featuresPerExpert * experts
    let parameters: GateParameters = {
      hidden: { kernel: glorotUniform([inputs, hiddenUnits], fold(key, 0)), bias: zeros([hiddenUnits]) },
      weights: { kernel: glorotUniform([hiddenUnits, experts], fold(key, 1)), bias: zeros([experts]) },
    }
    let state: AdamState<GateParameters> = adamState(parameters)
    const step = compile(
      (
        p: GateParameters,
        s: AdamState<GateParameters>,
        features: Tensor,
        logProbabilities: Tensor,
        mask: Tensor,
      ) => {
        const loss = mixture(p, features, logProbabilities).mul(mask).sum().neg().div(mask.sum())
        return adam(p, gradients(loss, p), s, { learningRate })
      },
      { donate: [0, 1] },
    )
    for (let epoch = 0; epoch < epochs; epoch++)
      for (const batch of batches) {
        const [features, logProbabilities, mask] = batch.tensors()
        ;({ parameters, state } = step(parameters, state, features, logProbabilities, mask))
        dispose([features, logProbabilities, mask])
      }
    await parameters.weights.bias.data()
    dispose(state)
    step.dispose()
    return new Gate(experts, parameters)
  }

  /** The parameters, as a file has them. */
  async arrays(): Promise<Record<string, Float32Array>> {
    const [hiddenBias, hiddenKernel, weightsBias, weightsKernel] = await Promise.all(
      [
        this.#parameters.hidden.bias,
        this.#parameters.hidden.kernel,
        this.#parameters.weights.bias,
        this.#parameters.weights.kernel,
      ].map(async parameter => Float32Array.from(await parameter.data())),
    )
    return { hiddenBias, hiddenKernel, weightsBias, weightsKernel }
  }

  /** A gate of stored parameters. @throws RangeError when they are not those of a gate. */
  static of(
    arrays: Readonly<Record<'hiddenBias' | 'hiddenKernel' | 'weightsBias' | 'weightsKernel', Float32Array>>,
  ): Gate {
    const { hiddenBias, hiddenKernel, weightsBias, weightsKernel } = arrays
    const experts = weightsBias.length
    const inputs = featuresPerExpert * experts
    if (
      hiddenBias.length !== hiddenUnits ||
      hiddenKernel.length !== inputs * hiddenUnits ||
      weightsKernel.length !== hiddenUnits * experts
    )
      throw new RangeError(`the parameters of the gate are not those of ${experts} experts`)
    return new Gate(experts, {
      hidden: { kernel: tensor(hiddenKernel, { shape: [inputs, hiddenUnits] }), bias: tensor(hiddenBias) },
      weights: {
        kernel: tensor(weightsKernel, { shape: [hiddenUnits, experts] }),
        bias: tensor(weightsBias),
      },
    })
  }

  /** Log-likelihoods of fragments under the mixture, summed over their bases: for each of them and each genus, in nats. */
  async logLikelihoods(fragments: readonly JudgedFragment[], genera: number): Promise<Float64Array[]> {
    const sums = fragments.map(() => new Float64Array(genera))
    const all = Array.from({ length: genera }, (_, genus) => genus)
    await this.#forEachBase(
      fragments,
      fragments.map(() => all),
      genera,
      (fragment, genus, _, logLikelihood) => {
        sums[fragment][genus] += logLikelihood
      },
    )
    return sums
  }

  /** What each base of fragments adds to the log-likelihood under one genus more than under another. */
  async tracks(
    fragments: readonly JudgedFragment[],
    pairs: readonly GenusPair[],
    genera: number,
  ): Promise<BaseValues[]> {
    const tracks = fragments.map(({ bases }) => new BaseValues(bases))
    await this.#forEachBase(fragments, pairs, genera, (fragment, genus, base, logLikelihood) => {
      tracks[fragment].add(base, genus === pairs[fragment][0] ? logLikelihood : -logLikelihood)
    })
    return tracks
  }

  /** Gives the log-likelihood of each base under the mixture, for each of the genera that are asked for of its fragment. */
  async #forEachBase(
    fragments: readonly JudgedFragment[],
    wanted: readonly (readonly number[])[],
    genera: number,
    visit: (fragment: number, genus: number, base: number, logLikelihood: number) => void,
  ): Promise<void> {
    const pending: Promise<void>[] = []
    let rows = new Rows(this.experts)
    const flush = (): void => {
      pending.push(this.#mixRows(rows, visit))
      rows = new Rows(this.experts)
    }
    for (const [f, { tracks, bases }] of fragments.entries())
      for (const genus of wanted[f])
        forEachRow(tracks, bases, genera, genus, (features, logProbabilities, base) => {
          rows.add(features, logProbabilities, f, genus, base)
          if (rows.full) flush()
        })
    if (rows.count > 0) flush()
    await Promise.all(pending)
  }

  async #mixRows(
    rows: Rows,
    visit: (fragment: number, genus: number, base: number, logLikelihood: number) => void,
  ): Promise<void> {
    const [features, logProbabilities, mask] = rows.tensors()
    const mixed = this.#mix(this.#parameters, features, logProbabilities)
    const values = await mixed.data()
    for (let row = 0; row < rows.count; row++)
      visit(rows.fragments[row], rows.genera[row], rows.bases[row], values[row])
    dispose([features, logProbabilities, mask, mixed])
  }

  /** Free what the gate holds on a device. */
  dispose(): void {
    this.#mix.dispose()
    dispose(leaves(this.#parameters))
  }
}

/** Rows for one call of the gate; those that are not filled count nothing. */
class Rows {
  readonly #features: Float32Array
  readonly #logProbabilities: Float32Array
  /** Whose they are. */
  readonly fragments = new Int32Array(rowsPerCall)
  readonly genera = new Int32Array(rowsPerCall)
  readonly bases = new Int32Array(rowsPerCall)
  count = 0

  constructor(readonly experts: number) {
    this.#features = new Float32Array(rowsPerCall * featuresPerExpert * experts)
    this.#logProbabilities = new Float32Array(rowsPerCall * experts)
  }

  get full(): boolean {
    return this.count === rowsPerCall
  }

  add(
    features: Float32Array,
    logProbabilities: Float32Array,
    fragment: number,
    genus: number,
    base: number,
  ): void {
    this.#features.set(features, this.count * features.length)
    this.#logProbabilities.set(logProbabilities, this.count * logProbabilities.length)
    this.fragments[this.count] = fragment
    this.genera[this.count] = genus
    this.bases[this.count++] = base
  }

  /** Features, log-probabilities, and 1 for each row that is filled. */
  tensors(): [Tensor, Tensor, Tensor] {
    const { experts } = this
    return [
      tensor(this.#features, { shape: [rowsPerCall, featuresPerExpert * experts] }),
      tensor(this.#logProbabilities, { shape: [rowsPerCall, experts] }),
      tensor(new Float32Array(rowsPerCall).fill(1, 0, this.count)),
    ]
  }
}

/** Gives the gate's inputs for each base that an expert predicts for a genus. The arrays are reused. */
function forEachRow(
  tracks: readonly ExpertTrack[],
  bases: number,
  genera: number,
  genus: number,
  visit: (features: Float32Array, logProbabilities: Float32Array, base: number) => void,
): void {
  const means = tracks.map(() => new Float64Array(decays.length))
  const features = new Float32Array(featuresPerExpert * tracks.length)
  const logProbabilities = new Float32Array(tracks.length)
  for (let base = 0; base < bases; base++) {
    const i = base * genera + genus
    let predicted = false
    for (const [k, { losses, uncertainties }] of tracks.entries()) {
      const loss = losses[i]
      const predicts = !Number.isNaN(loss)
      predicted ||= predicts
      logProbabilities[k] = predicts ? -loss : -uniformLoss
      const first = featuresPerExpert * k
      for (let d = 0; d < decays.length; d++) features[first + d] = means[k][d]
      features[first + decays.length] = predicts && uncertainties ? uncertainties[i] - uniformLoss : 0
    }
    if (!predicted) continue
    visit(features, logProbabilities, base)
    for (const [k, mean] of means.entries())
      for (let d = 0; d < decays.length; d++)
        mean[d] = decays[d] * mean[d] + (1 - decays[d]) * (-logProbabilities[k] - uniformLoss)
  }
}
