import { type Executor, inBlock, type Launcher } from './launcher.js'
import { blockBytes, type Call, elementBytes, isRef, outputPosition, type Ref } from './sequence.js'
import { storageOf } from './storage.js'

/** A tensor of a call. */
type Operand = {
  readonly ref: Ref
  readonly isOutput: boolean
  /** By the bytes that its address lies behind a block's start: how many bytes from there its storage is to have. */
  readonly storageBytes: number[]
}

/** A call with its executors: one for each way in which its tensors lie between blocks, and in their buffers. */
export class PreparedCall {
  /** By where all tensors lie, as the digits of a number. */
  readonly #kept = new Map<number, Executor>()
  readonly #operands: readonly Operand[]
  #isRepeatable = true

  constructor(
    readonly launcher: Launcher,
    readonly call: Call,
  ) {
    const output = outputPosition(call.operator)
    this.#operands = call.operands.flatMap((ref, position) =>
      isRef(ref) ? [{ ref, isOutput: position === output, storageBytes: [] }] : [],
    )
  }

  /**
   * Enqueue on the given memory: for each tensor an address, and the end of the buffer that it lies in.
   * @throws AscendError when either phase fails.
   */
  run(addresses: readonly number[], ends: readonly number[]): void {
    const { launcher, call } = this
    if (!this.#isRepeatable) {
      this.#runOnce(launcher.plan(call, addresses, ends))
      return
    }
    const key = this.#key(addresses, ends)
    const kept = this.#kept.get(key)
    if (!kept) {
      const executor = launcher.plan(call, addresses, ends)
      this.#isRepeatable = launcher.makeRepeatable(executor)
      if (!this.#isRepeatable) {
        this.#runOnce(executor)
        return
      }
      this.#kept.set(key, executor)
      launcher.enqueue(call, executor)
      return
    }
    for (let i = 0; i < addresses.length; i++) {
      const address = addresses[i] - inBlock(addresses[i])
      if (kept.addresses[i] !== address) launcher.rebind(call, kept, i, this.#operands[i].isOutput, address)
    }
    launcher.enqueue(call, kept)
  }

  /** Where the tensors lie, as far as their descriptions depend on it: a digit for each. */
  #key(addresses: readonly number[], ends: readonly number[]): number {
    let key = 0
    for (let i = 0; i < addresses.length; i++) {
      const { ref, storageBytes } = this.#operands[i]
      const misplaced = inBlock(addresses[i])
      if (storageBytes[misplaced] === undefined) {
        const bytes = elementBytes(ref.dtype)
        storageBytes[misplaced] = storageOf(ref, ref.offset + misplaced / bytes).wanted * bytes
      }
      const isWhole = addresses[i] - misplaced + storageBytes[misplaced] <= ends[i]
      key = key * 2 * blockBytes + misplaced + (isWhole ? blockBytes : 0)
    }
    return key
  }

  #runOnce(executor: Executor): void {
    try {
      this.launcher.enqueue(this.call, executor)
    } finally {
      this.launcher.destroy(executor)
    }
  }

  /** Destroy what is kept. Work that was enqueued is still done: a launch has its own copy of all that it needs. */
  release(): void {
    for (const executor of this.#kept.values()) this.launcher.destroy(executor)
    this.#kept.clear()
  }
}
