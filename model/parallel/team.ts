import {
  allReduce,
  type Collective,
  collectiveOf,
  device,
  dispose,
  gatherTexts,
  leaves,
  mapTree,
  type ProcessGroup,
  realise,
  type Tree,
  zeros,
} from '../../engine/index.js'

/** What the first process has all do next. */
export const commands = { step: 1, gather: 2, finish: 3, interrupt: 4 } as const
export type Command = keyof typeof commands

/** Something that processes which train together must have in common, in words; `advice`: what to do where they do not. */
export type Fact = { readonly what: string; readonly value: string; readonly advice: string }

/** Processes that do not agree about what they train. */
export class DisagreementError extends Error {
  override readonly name = 'DisagreementError'
}

/**
 * Processes that train together. The first one (rank 0) leads: it has the run's directory, the terminal and the validation,
 * and says before each step what all do next; the others follow.
 */
export class Team {
  readonly #stop = new AbortController()
  #collective: Collective | undefined

  constructor(readonly group: ProcessGroup) {}

  get rank(): number {
    return this.group.rank
  }

  get size(): number {
    return this.group.size
  }

  get leads(): boolean {
    return this.group.rank === 0
  }

  /** Aborted, in the first process, when another one wishes to stop. */
  get stopping(): AbortSignal {
    return this.#stop.signal
  }

  /** Sums over the processes on a device, by default the default one; the same whenever it is asked for. */
  collective(deviceName?: string): Collective {
    this.#collective ??= collectiveOf(this.group, device(deviceName))
    return this.#collective
  }

  /** Of the first process: have all do something. */
  async tell(command: Command): Promise<void> {
    const wishes = await this.#exchange(commands[command], false)
    if (wishes > 0) this.#stop.abort()
  }

  /** Of the others: what the first one has all do. `wishesToStop`: whether this process wants to end in order. */
  async hear(wishesToStop: boolean): Promise<Command> {
    const words = Int32Array.of(0, wishesToStop ? 1 : 0)
    await this.group.sum(words)
    const heard = Object.entries(commands).find(([, number]) => number === words[0])
    if (!heard) throw new Error(`team: heard ${words[0]}, which is no command`)
    return heard[0] as Command
  }

  async #exchange(command: number, wishesToStop: boolean): Promise<number> {
    const words = Int32Array.of(command, wishesToStop ? 1 : 0)
    await this.group.sum(words)
    return words[1]
  }

  /**
   * See that all processes have the same; `host`: where this one runs, for the message.
   * @throws DisagreementError, in all of them, that says who has what.
   */
  async agree(host: string, facts: readonly Fact[]): Promise<void> {
    const texts = await gatherTexts(this.group, [host, ...facts.map(fact => fact.value)].join('\0'))
    const [first, ...others] = texts.map(text => text.split('\0'))
    others.forEach((other, i) => {
      const differs = facts.findIndex((_, j) => other[j + 1] !== first[j + 1])
      if (differs < 0) return
      const { what, advice } = facts[differs]
      const [mine, theirs] = excerpts(first[differs + 1], other[differs + 1])
      throw new DisagreementError(
        `process ${i + 1} (on ${other[0]}) has ${what} ${theirs}, process 0 (on ${first[0]}) has ${mine}; ${advice}`,
      )
    })
  }

  /** Hand a text of the first process to the others. */
  async share(text = ''): Promise<string> {
    return (await gatherTexts(this.group, this.leads ? text : ''))[0]
  }

  /** Hand the values of the first process's tensors to the others, bit for bit; theirs have the same shapes, and are freed. */
  async shareTensors<T extends Tree>(tree: T, deviceName?: string): Promise<T> {
    const shared = this.leads ? tree : mapTree(tree, t => zeros(t.shape, t.dtype))
    realise(leaves(shared), device(deviceName))
    if (!this.leads) dispose(tree)
    await allReduce(this.collective(deviceName), leaves(shared), 'int32')
    return shared
  }

  /** Free what it holds of the device, once all sums are done. */
  dispose(): void {
    this.#collective?.dispose()
    this.#collective = undefined
  }
}

/** Two texts from a little before where they begin to differ, short enough for a message. */
function excerpts(a: string, b: string): [string, string] {
  let same = 0
  while (same < a.length && a[same] === b[same]) same++
  const start = Math.max(0, same - 30)
  const cut = (text: string) =>
    `'${start > 0 ? '…' : ''}${text.slice(start, start + 120)}${text.length > start + 120 ? '…' : ''}'`
  return [cut(a), cut(b)]
}
