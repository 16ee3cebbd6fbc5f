import { parseJson } from '../../data/index.js'
import {
  allReduce,
  type Carry,
  device,
  dispose,
  realise,
  scope,
  type Tensor,
  type Tree,
  tensor,
} from '../../engine/index.js'
import type { FedBatch } from '../batchFeed.js'
import type { Network } from '../network.js'
import type { TrainState } from '../trainState.js'
import type { Optimisation, StepMetrics } from '../trainStep.js'
import { compileShards, type ShardedPrograms } from './shardedStep.js'
import { type Shard, shardsOf, shardsOfRank } from './shards.js'
import type { Stepper } from './stepper.js'
import type { Team } from './team.js'

/** What the first process tells the others about the state that a run begins with. */
type Beginning = { readonly next: number; readonly carry: readonly string[]; readonly width: number }

/**
 * Advances a run in shards: each shard's gradients are computed by themselves, by one program, and added in a fixed binary
 * tree, the lower part of which is this process's and the upper part of which spans the team. So the bits are the same
 * whoever computes which shards.
 *
 * The team's sum waits for the last shard, since all of a cell's gradients are there at once: they are sums over steps,
 * which leave the backward loop as one product at its end. What goes on meanwhile is the making of the next batch.
 */
export class ShardedStepper<P extends Tree> implements Stepper<P> {
  readonly parts: readonly Shard[]
  readonly #programs: ShardedPrograms<P>
  /** The number of each part, on the device. */
  readonly #numbers: readonly Tensor[]
  /** What each part carries on to the next batch; none at the beginning of fragments. */
  #carries: readonly Carry[] = []

  /** `batchSize`: rows of a batch; `count`: shards that it is cut into; `team`: who computes them, by default this process. */
  constructor(
    network: Network<P>,
    readonly options: Optimisation,
    readonly batchSize: number,
    count: number,
    readonly team?: Team,
  ) {
    const { rank = 0, size = 1 } = team ?? {}
    this.parts = shardsOfRank(shardsOf(batchSize, count), rank, size)
    this.#programs = compileShards(network, options, batchSize)
    this.#numbers = this.parts.map(({ index }) => tensor(index, { dtype: 'int32' }))
    realise(this.#numbers, device(options.device))
  }

  /** Take over a state; the first process of a team hands it to the others, which `join`. `next`: the step that follows. */
  async begin(state: TrainState<P>, next: number): Promise<TrainState<P>> {
    const { carry, ...others } = state
    const names = Object.keys(carry ?? {})
    const width = carry ? carry[names[0]].size / this.batchSize : 0
    if (this.team) await this.team.share(JSON.stringify({ next, carry: names, width } satisfies Beginning))
    return this.#shared({ ...others, ...(carry && { carry }) } as TrainState<P>)
  }

  /** The state that the first process of the team begins with, and the step that follows; `untrained`: one of the same shapes. */
  async join(team: Team, untrained: TrainState<P>): Promise<{ state: TrainState<P>; next: number }> {
    const { next, carry, width } = parseJson(await team.share()) as Beginning
    const zeros = (): Tensor =>
      tensor(new Float32Array(this.batchSize * width), { shape: [this.batchSize, width] })
    const whole = carry.length > 0 ? { carry: Object.fromEntries(carry.map(name => [name, zeros()])) } : {}
    return { state: await this.#shared({ ...untrained, ...whole }), next }
  }

  /** The state as all have it; this process's rows of its carry are kept here. */
  async #shared(state: TrainState<P>): Promise<TrainState<P>> {
    const { team, options } = this
    const shared = team ? await team.shareTensors<TrainState<P>>(state, options.device) : state
    const { carry, ...others } = shared
    if (carry) {
      this.#carries = await Promise.all(this.parts.map(part => rowsOf(carry, part)))
      dispose(carry)
    }
    return others as TrainState<P>
  }

  async step(
    state: TrainState<P>,
    { tokens, learningRate }: FedBatch,
    isFirstWindow: boolean,
  ): Promise<{ state: TrainState<P>; metrics: StepMetrics }> {
    if (isFirstWindow) this.#dropCarries()
    const sum = this.#sum(state, tokens)
    const { team, options } = this
    if (team?.leads) await team.tell('step')
    if (team) await allReduce(team.collective(options.device), [sum])
    const { update } = this.#programs
    const { state: next, metrics } = scope(() =>
      learningRate ? update(state, sum, learningRate) : update(state, sum),
    )
    sum.dispose()
    const [loss, acc, loss_total, loss_reg] = await metrics.data()
    metrics.dispose()
    return { state: next, metrics: { loss, acc, loss_total, loss_reg } }
  }

  /** Enqueue the contributions of this process's shards and their sum: neighbours first, then pairs of them, and so on. */
  #sum({ parameters, updates }: TrainState<P>, tokens: readonly Tensor[]): Tensor {
    const { contribution, add } = this.#programs
    const carries: Carry[] = []
    const waiting: { readonly shards: number; readonly sum: Tensor }[] = []
    for (const [i, number] of this.#numbers.entries()) {
      const before = this.#carries[i]
      const { sum, carry } = before
        ? contribution(parameters, updates, number, tokens[i], before)
        : contribution(parameters, updates, number, tokens[i])
      if (carry) carries.push(carry)
      let entry = { shards: 1, sum }
      for (let left = waiting.at(-1); left?.shards === entry.shards; left = waiting.at(-1)) {
        waiting.pop()
        const right = entry.sum
        entry = { shards: 2 * entry.shards, sum: add(left.sum, right) }
        right.dispose()
      }
      waiting.push(entry)
    }
    this.#dropCarries()
    this.#carries = carries
    return waiting[0].sum
  }

  async whole(state: TrainState<P>): Promise<{ readonly state: TrainState<P>; release(): void }> {
    if (this.#carries.length === 0) return { state, release() {} }
    if (this.team?.leads) await this.team.tell('gather')
    const carry = await this.gather()
    return { state: { ...state, carry }, release: () => dispose(carry) }
  }

  /** What all processes carry on, of all rows; all of them call it. */
  async gather(): Promise<Carry> {
    const whole: Record<string, Tensor> = {}
    for (const name of Object.keys(this.#carries[0] ?? {})) {
      const width = this.#carries[0][name].size / this.parts[0].rows
      const rows = new Float32Array(this.batchSize * width)
      for (const [i, { first }] of this.parts.entries())
        rows.set(await this.#carries[i][name].data(), first * width)
      // As words, of which all processes but one have zeros.
      await this.team?.group.sum(new Int32Array(rows.buffer))
      whole[name] = tensor(rows, { shape: [this.batchSize, width] })
    }
    return whole
  }

  #dropCarries(): void {
    dispose(this.#carries)
    this.#carries = []
  }

  dispose(): void {
    this.#programs.dispose()
    this.#dropCarries()
    dispose(this.#numbers)
    this.team?.dispose()
  }
}

/** Some rows of a carry of all rows, in tensors of their own. */
async function rowsOf(carry: Carry, { first, rows }: Shard): Promise<Carry> {
  const parts = await Promise.all(
    Object.entries(carry).map(async ([name, whole]) => {
      const width = whole.shape[1]
      const values = (await whole.data()).slice(first * width, (first + rows) * width)
      return [name, tensor(values, { shape: [rows, width] })] as const
    }),
  )
  return Object.fromEntries(parts)
}
