/**
 * The queue of a pool of threads, in memory that they share. The caller writes entries into a ring and goes on; every
 * worker walks the ring in the same order, does its part of an entry, and publishes how far it is. Positions count
 * words since the beginning and wrap at 2³²; an entry's words are free again when all workers are past it.
 */

/**
 * What an entry asks for, unless it is a program by its number: to receive messages, or to copy from a staging buffer to
 * the device's memory (`write`) or back (`read`).
 */
export const commands = { receive: -1, write: -2, read: -3, forget: -4 } as const

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

/*
 * The shared memory: the head, whether a thread has failed, and a slot for each worker (the position that it has reached,
 * whether it has begun, how many barriers it has come to), each in a cache line of its own, since different threads write
 * them; then why a thread has failed, as text; then the ring's words.
 */

/** Words of a cache line. */
const cacheLine = 16
const headWord = 0
const failedWord = cacheLine
const firstSlot = 2 * cacheLine
const textBytes = 2048
/** Words of the ring: some hundreds of training steps. */
const capacity = 1 << 18

/** Words of an entry before its arguments: command, scratch, scratchBytes, number of arguments. */
const headerWords = 4

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
  /** Doubles: addresses may have more than 32 bits. */
  readonly #entries: Float64Array

  /** `workers`: how many walk the ring. `block`: the memory of a ring that another thread has made. */
  constructor(
    readonly workers: number,
    readonly block = new SharedArrayBuffer(4 * (firstSlot + cacheLine * workers) + textBytes + 8 * capacity),
  ) {
    const words = firstSlot + cacheLine * workers
    this.#words = new Int32Array(block, 0, words)
    this.#text = new Uint8Array(block, 4 * words, textBytes)
    this.#entries = new Float64Array(block, 4 * words + textBytes, capacity)
  }

  #doneWord = (worker: number): number => firstSlot + cacheLine * worker
  #begunWord = (worker: number): number => this.#doneWord(worker) + 1
  #barrierWord = (worker: number): number => this.#doneWord(worker) + 2

  /** The position after the last entry. Only the caller's thread moves it. */
  get head(): number {
    return Atomics.load(this.#words, headWord)
  }

  /** Whether all workers have done everything before a position. */
  isDone(position: number): boolean {
    for (let worker = 0; worker < this.workers; worker++)
      if (((Atomics.load(this.#words, this.#doneWord(worker)) - position) | 0) < 0) return false
    return true
  }

  /** Wait until all workers have done everything; `mayBlock` as in `push`. @throws Error as `push`. */
  drain(mayBlock = true): void {
    this.#awaitDone(this.head, mayBlock)
  }

  /**
   * Append an entry; returns the position after it. While the ring is full it blocks the calling thread, which sleeps if
   * it `mayBlock` (a page's main thread may not).
   * @throws Error when workers make no progress for ten minutes.
   */
  push(
    command: number,
    args: readonly number[],
    scratch = { pointer: 0, bytes: 0 },
    mayBlock = true,
  ): number {
    const start = this.head
    const end = (start + headerWords + args.length) | 0
    this.#awaitDone((end - capacity) | 0, mayBlock)
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
  #awaitDone(position: number, mayBlock: boolean): void {
    let since = performance.now()
    for (let worker = 0; worker < this.workers; worker++) {
      const word = this.#doneWord(worker)
      for (let done = Atomics.load(this.#words, word); ((done - position) | 0) < 0; ) {
        if (mayBlock) Atomics.wait(this.#words, word, done, 1000)
        const now = Atomics.load(this.#words, word)
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

  /** Whether a worker has begun. */
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
      if (other !== worker) this.#await(this.#doneWord(other), done => ((done - position) | 0) >= 0)
  }

  /** A barrier within an entry: a worker's wait for all others to come to it. @throws Error when another has failed. */
  barrier(worker: number): void {
    const word = this.#barrierWord(worker)
    const barriers = (Atomics.load(this.#words, word) + 1) | 0
    Atomics.store(this.#words, word, barriers)
    Atomics.notify(this.#words, word)
    for (let other = 0; other < this.workers; other++)
      if (other !== worker)
        this.#await(this.#barrierWord(other), others => ((others - barriers) | 0) >= 0 || this.hasFailed)
    if (this.hasFailed) throw new Error('another thread has failed')
  }

  /** A worker has done everything before `position`. */
  done(worker: number, position: number): void {
    Atomics.store(this.#words, this.#doneWord(worker), position)
    Atomics.notify(this.#words, this.#doneWord(worker))
  }

  /** Wait until a word is `ready`: spin, then sleep, so that the processor is free for whoever has work. */
  #await(word: number, ready: (value: number) => boolean): void {
    for (let i = 0; i < spinCount; i++) if (ready(Atomics.load(this.#words, word))) return
    for (let value = Atomics.load(this.#words, word); !ready(value); value = Atomics.load(this.#words, word))
      // Once a second a worker wakes by itself: one that is told to end does then, even if V8 has not woken it.
      Atomics.wait(this.#words, word, value, 1000)
  }

  /** Say why no result is right from now on. Only the first reason is kept. */
  fail(reason: string): void {
    if (Atomics.compareExchange(this.#words, failedWord, failed.no, failed.writing) !== failed.no) return
    // One byte stays zero.
    this.#text.set(new TextEncoder().encode(reason).subarray(0, textBytes - 1))
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
