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
import { featuresPerExpert, GateRows, rowsPerCall } from './gateRows.js'

type Dense = { readonly kernel: Tensor; readonly bias: Tensor }
type GateParameters = { readonly hidden: Dense; readonly weights: Dense }

const hiddenUnits = 16

const learningRate = 0.01
const epochs = 4
/** So many steps are given to the device before it is waited for: what they take in is in memory until then. */
const stepsAhead = 8

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

/** Features and log-probabilities of rows on the device. */
type Inputs = readonly [features: Tensor, logProbabilities: Tensor]

const inputsOf = ({ experts, features, logProbabilities }: GateRows): Inputs => [
  tensor(features, { shape: [rowsPerCall, featuresPerExpert * experts] }),
  tensor(logProbabilities, { shape: [rowsPerCall, experts] }),
]

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
  /** Inputs of the last call: the next one's are written in their place. */
  #inputs: Inputs | undefined
  /** Rows that nobody fills: making room anew for every call would take up memory until it is collected. */
  readonly #spareRows: GateRows[] = []

  private constructor(
    readonly experts: number,
    parameters: GateParameters,
  ) {
    this.#parameters = parameters
  }

  /**
   * Trains a gate to predict fragments by the experts of their own genus, which must not remember them: to the greatest
   * likelihood, with Adam. `batches`: a step each, in every epoch.
   * @throws RangeError when there is nothing to train on.
   */
  static async train(batches: readonly GateRows[], seed: number): Promise<Gate> {
    if (!batches.some(({ count }) => count > 0))
      throw new RangeError('a gate needs fragments that its experts predict')
    const [{ experts }] = batches
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
      for (const [i, rows] of batches.entries()) {
        const [features, logProbabilities] = inputsOf(rows)
        const mask = tensor(new Float32Array(rowsPerCall).fill(1, 0, rows.count))
        ;({ parameters, state } = step(parameters, state, features, logProbabilities, mask))
        dispose([features, logProbabilities, mask])
        if (i % stepsAhead === 0) await parameters.weights.bias.data()
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

  /** Rows to be filled for a call. */
  takeRows(): GateRows {
    return this.#spareRows.pop() ?? new GateRows(this.experts)
  }

  /** Takes back rows that were taken, for others to fill. */
  giveBack(rows: GateRows): void {
    rows.count = 0
    this.#spareRows.push(rows)
  }

  /** The log-likelihood of each row's base under the mixture, in nats; those of rows that are not filled mean nothing. */
  async mix(rows: GateRows): Promise<ArrayLike<number>> {
    if (this.#inputs) {
      this.#inputs[0].assign(rows.features)
      this.#inputs[1].assign(rows.logProbabilities)
    } else this.#inputs = inputsOf(rows)
    const mixed = this.#mix(this.#parameters, ...this.#inputs)
    const values = await mixed.data()
    mixed.dispose()
    return values
  }

  /** Free what the gate holds on a device. */
  dispose(): void {
    this.#mix.dispose()
    dispose([...leaves(this.#parameters), ...(this.#inputs ?? [])])
  }
}
