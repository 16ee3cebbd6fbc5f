/**
 * The queue of a pool of threads, in memory that they share. The caller writes entries into a ring and goes on; every
 * worker walks the ring in the same order, does its part of an entry, and publishes how far it is. Positions count
 * words since the beginning and wrap at 2³²; an entry's words are free again when all workers are past it.
 */

/**
 * What an entry asks for, unless it is a program by its number: to receive messages, or to copy from a staging buffer to
 * the device's memory (`write`) or back (`read`).
 */
export const commands = { receive: -1, write: -2, read: -3 } as const

/** One piece of work. */
export type Entry = {
  /** The program's number, or one of `commands`. */
  readonly command: number
  /** Where scratch memory begins, and how much of it each worker has. */
  readonly scratch: number
  readonly scratchBytes: number
  /** Arguments: addresses for a program. */
  readonly args: readonly number[]
  /** The position after the entry. */
  readonly end: number
}

/** Polls before going to sleep: some tens of microseconds, longer than between two kernels of a training step. */
const spinCount = 20_000

/** Words of a cache line: what different threads write does not share one. */
const line = 16
const headWord = 0
const failedWord = line
const firstSlot = 2 * line
const textBytes = 2048
const headerWords = 4
/** Words of the ring: some hundreds of training steps. */
const capacity = 1 << 18

/** The index in the ring of word `i` of an entry that begins at a position. */
const wordAt = (position: number, i: number): number => (position + i) & (capacity - 1)

/** The states of `failedWord`. */
const failed = { no: 0, writing: 1, yes: 2 } as const

/** Seconds without any progress after which a full ring is given up. */
const secondsWithoutProgress = 600

/**
 * The ring. The caller uses `push`, `isDone` and `hasBegun`; workers use `begin`, `next`, `awaitOthers`, `barrier` and
 * `done`.
 */
export class Ring {
  readonly #words: Int32Array
  readonly #text: Uint8Array
  readonly #entries: Int32Array

  /** `workers`: how many walk the ring. `block`: the memory of a ring that another thread has made. */
  constructor(
    readonly workers: number,
    readonly block = new SharedArrayBuffer(4 * (firstSlot + line * workers + capacity) + textBytes),
  ) {
    const words = firstSlot + line * workers
    this.#words = new Int32Array(block, 0, words)
    this.#text = new Uint8Array(block, 4 * words, textBytes)
    this.#entries = new Int32Array(block, 4 * words + textBytes, capacity)
  }

  #slot = (worker: number): number => firstSlot + line * worker
  #begunWord = (worker: number): number => this.#slot(worker) + 1
  #barrierWord = (worker: number): number => this.#slot(worker) + 2

  /** The position after the last entry. Only the caller's thread moves it. */
  get head(): number {
    return Atomics.load(this.#words, headWord)
  }

  /** Whether all workers have done everything before a position. */
  isDone(position: number): boolean {
    for (let worker = 0; worker < this.workers; worker++)
      if (((Atomics.load(this.#words, this.#slot(worker)) - position) | 0) < 0) return false
    return true
  }

  /**
   * Append an entry; returns the position after it. Waits, blocking, while the ring is full.
   * `mayBlock`: whether the calling thread may sleep (a page's main thread may not).
   */
  push(
    command: number,
    args: readonly number[],
    scratch = { pointer: 0, bytes: 0 },
    mayBlock = true,
  ): number {
    const start = this.head
    const end = (start + headerWords + args.length) | 0
    this.#awaitRoom((end - capacity) | 0, mayBlock)
    const entries = this.#entries
    entries[wordAt(start, 0)] = command
    entries[wordAt(start, 1)] = scratch.pointer
    entries[wordAt(start, 2)] = scratch.bytes
    entries[wordAt(start, 3)] = args.length
    for (let i = 0; i < args.length; i++) entries[wordAt(start, headerWords + i)] = args[i]
    Atomics.store(this.#words, headWord, end)
    Atomics.notify(this.#words, headWord)
    return end
  }

  /** Wait until every worker is at `position` or beyond. */
  #awaitRoom(position: number, mayBlock: boolean): void {
    let since = performance.now()
    for (let worker = 0; worker < this.workers; worker++) {
      const slot = this.#slot(worker)
      for (let done = Atomics.load(this.#words, slot); ((done - position) | 0) < 0; ) {
        if (mayBlock) Atomics.wait(this.#words, slot, done, 1000)
        const now = Atomics.load(this.#words, slot)
        if (now !== done) since = performance.now()
        else if (performance.now() - since > 1000 * secondsWithoutProgress)
          throw new Error(
            `wasm device: its threads have done nothing for ${secondsWithoutProgress} seconds; the option threads ` +
              '(XENOGRAD_THREADS) sets their number',
          )
        done = now
      }
    }
  }

  /** A worker has begun to walk the ring. */
  begin(worker: number): void {
    Atomics.store(this.#words, this.#begunWord(worker), 1)
  }

  hasBegun(worker: number): boolean {
    return Atomics.load(this.#words, this.#begunWord(worker)) === 1
  }

  /** A worker's wait for the entry at `position`. */
  next(position: number): Entry {
    this.#await(headWord, head => head !== position)
    const entries = this.#entries
    const count = entries[wordAt(position, 3)]
    const args = new Array<number>(count)
    for (let i = 0; i < count; i++) args[i] = entries[wordAt(position, headerWords + i)]
    return {
      command: entries[wordAt(position, 0)],
      scratch: entries[wordAt(position, 1)],
      scratchBytes: entries[wordAt(position, 2)],
      args,
      end: (position + headerWords + count) | 0,
    }
  }

  /** A worker's wait for all others to have done everything before `position`. */
  awaitOthers(worker: number, position: number): void {
    for (let other = 0; other < this.workers; other++)
      if (other !== worker) this.#await(this.#slot(other), done => ((done - position) | 0) >= 0)
  }

  /** A barrier within an entry: a worker's wait for all others to come to it. @throws Error when another has failed. */
  barrier(worker: number): void {
    const word = this.#barrierWord(worker)
    const times = (Atomics.load(this.#words, word) + 1) | 0
    Atomics.store(this.#words, word, times)
    Atomics.notify(this.#words, word)
    for (let other = 0; other < this.workers; other++)
      if (other !== worker)
        this.#await(this.#barrierWord(other), others => ((others - times) | 0) >= 0 || this.hasFailed)
    if (this.hasFailed) throw new Error('another thread has failed')
  }

  /** A worker has done everything before `position`. */
  done(worker: number, position: number): void {
    Atomics.store(this.#words, this.#slot(worker), position)
    Atomics.notify(this.#words, this.#slot(worker))
  }

  /** Poll, then sleep: asleep a thread leaves its processor to whoever works, also to other programs. */
  #await(word: number, ready: (value: number) => boolean): void {
    for (let i = 0; i < spinCount; i++) if (ready(Atomics.load(this.#words, word))) return
    for (let value = Atomics.load(this.#words, word); !ready(value); value = Atomics.load(this.#words, word))
      // Now and then a worker looks up, so that one that is told to end does, should V8 miss to wake it.
      Atomics.wait(this.#words, word, value, 1000)
  }

  /** Say why values are worth nothing from now on; the first to say so is heard. */
  fail(why: string): void {
    if (Atomics.compareExchange(this.#words, failedWord, failed.no, failed.writing) !== failed.no) return
    // One byte stays zero.
    this.#text.set(new TextEncoder().encode(why).subarray(0, textBytes - 1))
    Atomics.store(this.#words, failedWord, failed.yes)
  }

  /** Whether some thread has failed. */
  get hasFailed(): boolean {
    return Atomics.load(this.#words, failedWord) !== failed.no
  }

  /** What `fail` was told. */
  get failure(): string | undefined {
    if (Atomics.load(this.#words, failedWord) !== failed.yes) return undefined
    // Decoders take no shared memory.
    const text = new Uint8Array(this.#text)
    return new TextDecoder().decode(text.subarray(0, text.indexOf(0)))
  }
}
