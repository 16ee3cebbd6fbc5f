import { seedPurposes } from '../../engine/hostRandom.js'
import {
  type Carry,
  type CompiledFunction,
  compile,
  concat,
  entries,
  fillTree,
  fold,
  gradients,
  leaves,
  mapTree,
  randomKey,
  stack,
  type Tensor,
  type Tree,
} from '../../engine/index.js'
import type { Network } from '../network.js'
import { regulariser } from '../regulariser.js'
import type { TrainState } from '../trainState.js'
import { applyGradients, type Optimisation } from '../trainStep.js'

/** What a shard contributes: `[gradients…, loss, accuracy]` as one vector, each times its share of the batch; and its carry. */
export type Contribution = { readonly sum: Tensor; readonly carry?: Carry }

/** The compiled parts of a step in shards. */
export type ShardedPrograms<P extends Tree> = {
  /** The contribution of a shard, by its number (int32 scalar): one program for all shards of as many rows. */
  readonly contribution: CompiledFunction<
    [parameters: P, updates: Tensor, shard: Tensor, tokens: Tensor, ...carry: Carry[]],
    Contribution
  >
  /** The sum of two, in the place of the first. */
  readonly add: CompiledFunction<[Tensor, Tensor], Tensor>
  /** The next state from that of all shards, and the metrics in the order of `StepMetrics`; consumes the state. */
  readonly update: CompiledFunction<
    [state: TrainState<P>, sum: Tensor, ...learningRate: Tensor[]],
    { state: TrainState<P>; metrics: Tensor }
  >
  dispose(): void
}

/**
 * Compile a step in shards. Dropout masks are drawn with the key of the update, folded by the shard's number: they do not
 * depend on who computes a shard. `batchSize`: rows of all shards together.
 */
export function compileShards<P extends Tree>(
  network: Network<P>,
  options: Optimisation,
  batchSize: number,
): ShardedPrograms<P> {
  const { device, memory } = options
  const where = device ? { device } : {}
  const contribution = compile(
    (parameters: P, updates: Tensor, shard: Tensor, tokens: Tensor, ...[carry]: Carry[]) =>
      contributionOf(network, options, batchSize, parameters, {
        updates,
        shard,
        tokens,
        ...(carry && { carry }),
      }),
    { ...where, ...(memory && { memory }) },
  )
  const add = compile((a: Tensor, b: Tensor) => a.add(b), { ...where, donate: [0] })
  const update = compile(
    (state: TrainState<P>, sum: Tensor, ...[learningRate]: Tensor[]) =>
      updateBySum(options, state, sum, learningRate),
    { ...where, donate: [0] },
  )
  return {
    contribution,
    add,
    update,
    dispose() {
      for (const compiled of [contribution, add, update]) compiled.dispose()
    },
  }
}

type ShardInputs = {
  readonly updates: Tensor
  readonly shard: Tensor
  readonly tokens: Tensor
  readonly carry?: Carry
}

function contributionOf<P extends Tree>(
  network: Network<P>,
  { seed, dropoutRate, lossScale = 1, keepsCarry }: Optimisation,
  batchSize: number,
  parameters: P,
  { updates, shard, tokens, carry }: ShardInputs,
): Contribution {
  const key = fold(fold(fold(randomKey(seed), seedPurposes.run.dropout), updates), shard)
  const { loss, accuracy, carry: last } = network.loss(parameters, tokens, { rate: dropoutRate, key }, carry)
  // The loss is a mean over the shard's rows.
  const share = tokens.shape[0] / batchSize
  const ofShard = leaves(gradients(loss.mul(share * lossScale), parameters))
  const sum = concat([...ofShard.map(g => g.reshape(g.size)), stack([loss, accuracy]).mul(share)], 0)
  return { sum, ...(keepsCarry && last && { carry: last }) }
}

function updateBySum<P extends Tree>(
  options: Optimisation,
  { parameters, updates, carry, ...optimiser }: TrainState<P>,
  sum: Tensor,
  learningRate: Tensor | number = options.learningRate,
): { state: TrainState<P>; metrics: Tensor } {
  const { regulariserType, regulariserWeight, lossScale = 1 } = options
  const shapes = entries(parameters).map(([, p]) => p)
  const pieces = sum.split([...shapes.map(p => p.size), 1, 1])
  const ofBatch = fillTree(
    parameters,
    shapes.map((p, i) => pieces[i].reshape(p.shape).mul(1 / lossScale)),
  )
  const [loss, accuracy] = pieces.slice(-2).map(x => x.reshape([]))
  const penalty = regulariser(regulariserType, parameters)
  const weighted = penalty.mul(regulariserWeight)
  const ofPenalty = regulariserWeight ? leaves(gradients(weighted, parameters)) : []
  let i = 0
  const all = mapTree(ofBatch, g => {
    const more = ofPenalty[i++]
    return more ? g.add(more) : g
  })
  const next = applyGradients(options, parameters, all, optimiser, learningRate)
  return {
    state: { parameters: next.parameters, ...next.state, updates: updates.add(1) },
    metrics: stack([loss, accuracy, regulariserWeight ? loss.add(weighted) : loss, penalty]),
  }
}
