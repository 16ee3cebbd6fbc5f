import type { AddressType } from '../memory.js'
import { hasThreads, mayBlock, startWorker, type WorkerThread } from './host.js'
import type { ModuleCode } from './linker.js'
import { type Answer, isKept, type Message } from './messages.js'
import { commands, Ring } from './ring.js'

/**
 * Threads of the device. The caller (this file) appends entries to the ring (ring.ts), a queue in shared memory: run a
 * program or forget it, or copy between the device's memory and a staging buffer. Each worker (worker.ts) walks the ring and does its
 * part of every entry; programs and staging buffers reach it by message (messages.ts). linker.ts makes functions of
 * modules, in each worker and for the caller; host.ts starts workers, in Node and in browsers; cores.ts counts the cores
 * that there are for them.
 */

/** Memory beside the device's own, through which data goes to the device and back in the order of the ring. */
type StagingBuffer = {
  readonly id: number
  readonly block: SharedArrayBuffer
  /** It is in use until everything before this position is done, and while a read waits for it. */
  until: number
}

/** A read that waits. */
type Read = {
  readonly staging: StagingBuffer
  readonly bytes: number
  resolve(data: ArrayBuffer): void
  reject(error: Error): void
}

/** Bytes of the smallest staging buffer. */
const smallestStaging = 1 << 12

/** Seconds in which workers are to begin. Hosts report a script that cannot be loaded, but not one that never arrives or that a filter has emptied. */
const secondsToBegin = 60

/** Calls `expired` when workers should have begun; returns what cancels that. It does not keep the process alive. */
function callAtDeadline(expired: () => void): () => void {
  const timer = setTimeout(expired, 1000 * secondsToBegin)
  ;(timer as { unref?(): void }).unref?.()
  return () => clearTimeout(timer)
}

/** The message where several threads are asked for and the host has none. */
export const noThreads =
  'wasm device: this host has no threads that share memory; open it with the option threads: 1, or serve the page ' +
  'cross-origin isolated'

const failure = (reason = 'it did not say why') => new Error(`wasm device: a worker thread failed: ${reason}`)

/**
 * Worker threads that compute while the caller's thread is free. What the caller enqueues is done in order: an entry
 * begins when all workers have done those before it. Workers spin for a moment when they have nothing to do, then sleep;
 * they keep the process alive only while a read waits.
 */
export class ThreadPool {
  readonly #ring: Ring
  readonly #workers: readonly WorkerThread[]
  readonly #reads = new Map<number, Read>()
  readonly #cancelDeadline: () => void
  /** Those that are used again. */
  #stagingBuffers: StagingBuffer[] = []
  // How many there have been.
  #programs = 0
  #stagingCount = 0
  #messages = 0
  #stopped = false

  /**
   * `memory`: what the programs compute in; shared; its addresses are of `addressType`. `start`, `atDeadline`: how to start a worker, and how to be called
   * when all should have begun. @throws Error where the host has no threads.
   */
  constructor(
    workers: number,
    memory: WebAssembly.Memory,
    addressType: AddressType = 'i32',
    start = startWorker,
    atDeadline = callAtDeadline,
  ) {
    if (!hasThreads()) throw new Error(noThreads)
    this.#ring = new Ring(workers)
    this.#workers = Array.from({ length: workers }, (_, worker) => {
      const thread = start(
        answer => this.#answered(answer as Answer),
        reason => this.#ended(reason),
      )
      const { block } = this.#ring
      thread.post({ kind: 'start', worker, workers, block, memory, addressType } satisfies Message)
      return thread
    })
    this.#cancelDeadline = atDeadline(() => this.#checkBegun())
  }

  /** Whether all that was enqueued is done. @throws Error when a worker has failed. */
  get isIdle(): boolean {
    this.#check()
    return this.#ring.isDone(this.#ring.head)
  }

  /** Block the caller until all that was enqueued is done. @throws Error when a worker has failed. */
  drain(): void {
    this.#check()
    this.#ring.drain(mayBlock())
    this.#check()
  }

  /** Give the workers a program, whose last argument is the worker's number; returns the program's number. */
  load({ module, blas }: ModuleCode): number {
    const id = this.#programs++
    this.#post({ kind: 'program', id, code: { module, blas } })
    return id
  }

  /** Have the workers forget a program once all that was enqueued is done. */
  forget(id: number): void {
    this.#push(commands.forget, [id])
  }

  /** Enqueue a program. `scratch`: memory for each worker, one after the other. */
  run(id: number, pointers: readonly number[], scratch: { pointer: number; bytes: number }): void {
    this.#push(id, pointers, scratch)
  }

  /** Enqueue a copy of `data` to an address; `data` may be changed afterwards. */
  write(pointer: number, data: Uint8Array): void {
    const staging = this.#staging(data.length)
    new Uint8Array(staging.block).set(data)
    staging.until = this.#push(commands.write, [staging.id, pointer, data.length])
  }

  /** The bytes at an address once all enqueued before is done. Rejects when a worker fails. */
  async read(pointer: number, bytes: number): Promise<ArrayBuffer> {
    const staging = this.#staging(bytes)
    staging.until = this.#push(commands.read, [staging.id, pointer, bytes])
    if (!this.#reads.size) this.#workers[0].hold(true)
    return new Promise((resolve, reject) => {
      this.#reads.set(staging.id, { staging, bytes, resolve, reject })
    })
  }

  /** Wait for all work, then end the workers. */
  async close(): Promise<void> {
    // A failure has been told to all who wait for results.
    if (!this.#stopped) await this.read(0, 0).catch(() => {})
    await this.#stop()
  }

  /** Append an entry to the ring; returns the position after it. */
  #push(command: number, args: readonly number[], scratch?: { pointer: number; bytes: number }): number {
    this.#check()
    return this.#ring.push(command, args, scratch, mayBlock())
  }

  /** Send every worker a message, which it takes in before what is enqueued next. */
  #post(message: Message): void {
    this.#check()
    for (const worker of this.#workers) worker.post(message)
    this.#push(commands.receive, [++this.#messages])
  }

  /** @throws Error when a worker has failed, and after `close`. */
  #check(): void {
    const reason = this.#ring.failure
    if (reason !== undefined) throw failure(reason)
    if (this.#stopped) throw new Error('wasm device: used after it was closed; open another')
  }

  /** A staging buffer of at least so many bytes that is not in use. */
  #staging(bytes: number): StagingBuffer {
    const isFree = ({ id, until, block }: StagingBuffer) =>
      block.byteLength >= bytes && !this.#reads.has(id) && this.#ring.isDone(until)
    const free = this.#stagingBuffers.find(isFree)
    if (free) return free
    const block = new SharedArrayBuffer(2 ** Math.ceil(Math.log2(Math.max(bytes, smallestStaging))))
    const staging: StagingBuffer = { id: this.#stagingCount++, block, until: this.#ring.head }
    if (isKept(block)) this.#stagingBuffers.push(staging)
    this.#post({ kind: 'stagingBuffer', id: staging.id, block })
    return staging
  }

  /** The first worker has filled a staging buffer. */
  #answered({ id, failed }: Answer): void {
    const read = this.#reads.get(id)
    if (!read) return
    this.#reads.delete(id)
    if (!this.#reads.size) this.#workers[0].hold(false)
    const { staging, bytes, resolve, reject } = read
    if (failed) reject(failure(this.#ring.failure))
    else resolve(new Uint8Array(new Uint8Array(staging.block, 0, bytes)).buffer)
  }

  /** Give up if some workers have not begun: the others would wait for them for ever. */
  #checkBegun(): void {
    const begun = this.#workers.filter((_, worker) => this.#ring.hasBegun(worker)).length
    const all = this.#workers.length
    if (begun === all) return
    this.#giveUp(
      `${begun} of ${all} have begun within ${secondsToBegin} seconds; see whether ` +
        `${new URL(/* @vite-ignore */ './worker.js', import.meta.url)} loads (a security policy, a filter or the network may keep it away)`,
    )
  }

  /** A worker has ended by itself. */
  #ended(reason: string): void {
    this.#giveUp(`it has ended (${reason}); the option threads (XENOGRAD_THREADS) sets how many there are`)
  }

  /** One worker does not work, so the others will wait for ever. */
  #giveUp(reason: string): void {
    if (this.#stopped) return
    this.#ring.fail(reason)
    for (const id of [...this.#reads.keys()]) this.#answered({ id, failed: true })
    void this.#stop()
  }

  async #stop(): Promise<void> {
    this.#stopped = true
    this.#cancelDeadline()
    this.#stagingBuffers = []
    await Promise.all(this.#workers.map(worker => worker.stop()))
  }
}
