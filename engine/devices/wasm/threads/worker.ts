import type { AddressType } from '../memory.js'
import { parentPort } from './host.js'
import { type KernelFunction, Linker } from './linker.js'
import { type Answer, isKept, type Message } from './messages.js'
import { commands, type Entry, Ring } from './ring.js'

const parent = parentPort()

/** A worker thread of the device (see pool.ts): what it has been sent, and its walk along the ring. */
class RingWorker {
  readonly #linker: Linker
  readonly #programs = new Map<number, KernelFunction>()
  readonly #stagingBuffers = new Map<number, SharedArrayBuffer>()
  /** Messages that have come. */
  #received = 0
  /** Continues the walk when a message has come. */
  #wake = () => {}

  constructor(
    readonly ring: Ring,
    readonly worker: number,
    readonly memory: WebAssembly.Memory,
    addressType: AddressType,
  ) {
    this.#linker = new Linker(memory, addressType, () => ring.barrier(worker))
  }

  /** Take in a message. */
  receive(message: Message): void {
    if (message.kind === 'stagingBuffer') this.#stagingBuffers.set(message.id, message.block)
    else if (message.kind === 'program')
      this.#try(() => this.#programs.set(message.id, this.#linker.link(message.code)))
    this.#received++
    this.#wake()
  }

  /** Do this worker's part of every entry, in order. */
  async walk(): Promise<never> {
    const { ring, worker } = this
    ring.begin(worker)
    for (let position = 0; ; ) {
      const entry = ring.next(position)
      const { command, args } = entry
      if (command === commands.receive) await this.#awaitMessages(args[0])
      else if (command === commands.forget) this.#programs.delete(args[0])
      else if (command === commands.write || command === commands.read) this.#copy(entry, position)
      else this.#run(entry, position)
      // What fails later does not concern who reads now.
      const failed = ring.hasFailed
      position = entry.end
      ring.done(worker, position)
      if (command === commands.read && worker === 0)
        parent.postMessage({ id: args[0], failed } satisfies Answer)
    }
  }

  /** Wait for so many messages in all. They come only while the event loop runs. */
  async #awaitMessages(count: number): Promise<void> {
    while (this.#received < count)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
  }

  #run({ command, scratch, scratchBytes, args }: Entry, position: number): void {
    const run = this.#programs.get(command)
    // A program that could not be linked has failed the ring.
    if (!run) return
    const { ring, worker } = this
    ring.awaitOthers(worker, position)
    if (ring.hasFailed) return
    this.#linker.scratch = scratch + worker * scratchBytes
    this.#try(() => run(...args, worker))
  }

  /** The first worker copies between a staging buffer and the device's memory. */
  #copy({ command, args }: Entry, position: number): void {
    const [id, pointer, bytes] = args
    const block = this.#stagingBuffers.get(id)!
    const { ring, worker, memory } = this
    if (worker === 0) {
      ring.awaitOthers(worker, position)
      const device = new Uint8Array(memory.buffer, pointer, bytes)
      const staging = new Uint8Array(block, 0, bytes)
      if (command === commands.write) device.set(staging)
      else staging.set(device)
    }
    if (!isKept(block)) this.#stagingBuffers.delete(id)
  }

  /** Do some work; what it throws fails the ring. */
  #try(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.ring.fail(error instanceof Error ? error.message : String(error))
    }
  }
}

let worker: RingWorker | undefined
parent.onmessage = ({ data }) => {
  const message = data as Message
  if (message.kind === 'start') {
    const { workers, block, memory, addressType } = message
    worker = new RingWorker(new Ring(workers, block), message.worker, memory, addressType)
    void worker.walk()
  } else worker?.receive(message)
}
