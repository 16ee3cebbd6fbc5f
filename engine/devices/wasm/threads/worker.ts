import { parentPort } from './host.js'
import { type KernelFunction, Linker } from './linker.js'
import { type Answer, isKept, type Message } from './messages.js'
import { commands, type Entry, Ring } from './ring.js'

// A thread of the wasm device (see pool.ts): walks the ring and does its part of every entry.

const parent = parentPort()
const programs = new Map<number, KernelFunction>()
const stagingBuffers = new Map<number, SharedArrayBuffer>()
let received = 0
/** Continues the walk when a message has come. */
let wake = () => {}

/** One worker: what it has been told so far, and its walk along the ring. */
class Walker {
  readonly #linker: Linker

  constructor(
    readonly ring: Ring,
    readonly worker: number,
    readonly memory: WebAssembly.Memory,
  ) {
    this.#linker = new Linker(memory, () => ring.barrier(worker))
  }

  receive(message: Message): void {
    if (message.kind === 'stagingBuffer') stagingBuffers.set(message.id, message.block)
    else if (message.kind === 'program')
      this.#try(() => programs.set(message.id, this.#linker.link(message.code)))
    received++
  }

  async walk(): Promise<never> {
    const { ring, worker } = this
    ring.begin(worker)
    for (let position = 0; ; ) {
      const entry = ring.next(position)
      const { command, args } = entry
      // Messages come only when the event loop runs.
      if (command === commands.receive)
        while (received < args[0])
          await new Promise<void>(resolve => {
            wake = resolve
          })
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

  #run({ command, scratch, scratchBytes, args }: Entry, position: number): void {
    const run = programs.get(command)
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
    const block = stagingBuffers.get(id)!
    const { ring, worker, memory } = this
    if (worker === 0) {
      ring.awaitOthers(worker, position)
      const device = new Uint8Array(memory.buffer, pointer >>> 0, bytes)
      const staging = new Uint8Array(block, 0, bytes)
      if (command === commands.write) device.set(staging)
      else staging.set(device)
    }
    if (!isKept(block)) stagingBuffers.delete(id)
  }

  #try(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.ring.fail(error instanceof Error ? error.message : String(error))
    }
  }
}

let walker: Walker | undefined
parent.onmessage = ({ data }) => {
  const message = data as Message
  if (message.kind === 'start') {
    walker = new Walker(new Ring(message.workers, message.block), message.worker, message.memory)
    void walker.walk()
  } else {
    walker?.receive(message)
    wake()
  }
}
