import type { MessagePort, Worker } from 'node:worker_threads'

/** A module for one worker: what it computes when it is told to run program `id`. */
export type Assignment = {
  readonly id: number
  readonly module: WebAssembly.Module
  /** Bytes by which each argument begins later than for the whole. */
  readonly offsets: readonly number[]
  /** The worker's own scratch memory. */
  readonly scratch: number
  /** The BLAS library of the module's `env.sgemm`, if it imports it. */
  readonly blas?: string | undefined
}

/** Words of the control block that caller and workers share. */
export const control = { turn: 0, done: 1, failed: 2, command: 3, id: 4, count: 5, pointers: 6 } as const
export const commands = { load: 0, run: 1 } as const
/** Arguments that a program may have at most. */
export const mostArguments = 4096

/** The ports and memory that a worker gets when it starts. */
export type WorkerData = {
  readonly port: MessagePort
  readonly memory: WebAssembly.Memory
  readonly words: SharedArrayBuffer
}

type Threads = typeof import('node:worker_threads')

/** Polls before going to sleep: some tens of microseconds, longer than between two kernels of a training step. */
export const patience = 20_000

/** How long a worker may take to start, or to take in a program. */
const secondsToStart = 60

/** Node's threads, or undefined in a browser (there the device works with one). */
const nodeThreads = (): Threads | undefined =>
  (globalThis as { process?: NodeJS.Process }).process?.getBuiltinModule?.('node:worker_threads')

/** Threads that this host can use: 1 where there are none. */
export function availableThreads(): number {
  const { process } = globalThis as { process?: NodeJS.Process }
  return nodeThreads() ? (process?.getBuiltinModule('node:os').availableParallelism() ?? 1) : 1
}

/**
 * Worker threads that compute parts of kernels while the caller computes one itself: fork and join, one kernel at a
 * time. They spin for a moment when they have nothing to do, then sleep; they do not keep the process alive.
 */
export class Team {
  readonly #words = new Int32Array(new SharedArrayBuffer(4 * (control.pointers + mostArguments)))
  readonly #threads: Threads
  readonly #workers: { readonly worker: Worker; readonly port: MessagePort }[]

  /** `workers`: how many, beside the caller. @throws Error where the host has no threads. */
  constructor(workers: number, memory: WebAssembly.Memory) {
    const threads = nodeThreads()
    if (!threads) throw new Error('wasm device: this host has no worker threads; use one thread')
    this.#threads = threads
    this.#workers = Array.from({ length: workers }, () => {
      const { port1, port2 } = new threads.MessageChannel()
      const workerData: WorkerData = { port: port2, memory, words: this.#words.buffer as SharedArrayBuffer }
      const worker = new threads.Worker(new URL('./worker.js', import.meta.url), {
        workerData,
        transferList: [port2],
        // Flags of the caller's command line (`--input-type`, `--test` …) are not for the workers.
        execArgv: [],
      })
      worker.unref()
      port1.unref()
      return { worker, port: port1 }
    })
  }

  /** Give every worker its part of a program. */
  load(parts: readonly Assignment[]): void {
    for (const [i, { port }] of this.#workers.entries()) port.postMessage(parts[i])
    this.#fork(commands.load)
    this.#join(secondsToStart)
  }

  /** Run a program: the workers their parts, the caller `own`. Returns when all are done. @throws what a part threw. */
  run(id: number, pointers: readonly number[], own: () => void): void {
    const words = this.#words
    words[control.id] = id
    words[control.count] = pointers.length
    words.set(pointers, control.pointers)
    this.#fork(commands.run)
    try {
      own()
    } finally {
      this.#join()
    }
  }

  #fork(command: number): void {
    const words = this.#words
    words[control.command] = command
    Atomics.store(words, control.done, 0)
    Atomics.add(words, control.turn, 1)
    Atomics.notify(words, control.turn)
  }

  /** Wait for all workers; for `seconds` at most. */
  #join(seconds = Number.POSITIVE_INFINITY): void {
    const words = this.#words
    const end = performance.now() + 1000 * seconds
    const all = this.#workers.length
    for (let i = 0; i < patience; i++) if (Atomics.load(words, control.done) === all) break
    // Asleep the caller leaves its processor to whoever works, also when other programs want processors, too.
    for (let done = Atomics.load(words, control.done); done < all; done = Atomics.load(words, control.done)) {
      Atomics.wait(words, control.done, done, 1000)
      if (performance.now() > end)
        throw new Error(
          `wasm device: a worker thread does not answer after ${seconds} seconds; set XENOGRAD_THREADS=1 to do without`,
        )
    }
    if (Atomics.exchange(words, control.failed, 0) === 0) return
    const failures = this.#workers.flatMap(({ port }) => this.#threads.receiveMessageOnPort(port) ?? [])
    throw new Error(`wasm device: a worker thread failed: ${failures[0]?.message ?? 'it did not say why'}`)
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()))
  }
}
