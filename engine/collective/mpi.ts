import { withEnvironment } from '../devices/environment.js'
import type { NativeFunction } from '../devices/shared/koffi.js'
import { requireNode } from '../devices/shared/node.js'
import type { Launch } from './launcher.js'
import { loadMpi, type MpiLibrary } from './mpiLibrary.js'
import type { ProcessGroup, Summable } from './processGroup.js'

/** Bytes of a request, of any MPI. */
const requestBytes = 8
/** Bytes of a status, of any MPI. */
const statusBytes = 32

/** Polls in a row, a few microseconds each, before a process that waits for others begins to sleep between polls. */
const eagerPolls = 200
/** Milliseconds to sleep between polls, and after waiting for a second. */
const shortSleep = 1
const longSleep = 5
const longWait = 1000
/** Milliseconds of polling while data arrives, between which the event loop has its turn, and of a pause between polls. */
const pollingSlice = 2
const shortPause = 0.02

/** MPI_THREAD_FUNNELED: only the thread that initialises calls the library. Its number is the same in all of them. */
const funneled = 1

/** What is open of messages: it ends when both are through. */
type Transfer = { readonly to: number; readonly send: Uint8Array; readonly receive: Uint8Array }

/**
 * Join the processes of a launcher through MPI. All of its calls come from this thread, and none of them blocks: waiting
 * is polling, with sleeps in between, since MPI's own waiting takes a whole core.
 *
 * `library`: `auto`, or the path of one. `launch`: how this process was started; undefined for one that is alone.
 * @throws Error when no library can be loaded, or when it sees other processes than the launcher has started.
 */
export function joinMpi(
  library: string,
  launch: Launch = { launcher: 'no launcher', rank: 0, size: 1 },
): ProcessGroup {
  return withEnvironment(hostStaysInCharge, () => new MpiGroup(loadMpi(library, launch), launch))
}

/**
 * What UCX, over which MPI may send, reads when it is loaded: no handlers of its own for signals (WebAssembly traps are
 * some), and no patches to the functions by which memory is mapped (Node's other threads may be in the midst of them).
 */
const hostStaysInCharge = { UCX_ERROR_SIGNALS: '', UCX_MEM_EVENTS: 'n' }

class MpiGroup implements ProcessGroup {
  readonly rank: number
  readonly size: number
  readonly #mpi: MpiLibrary
  readonly #isend: NativeFunction
  readonly #irecv: NativeFunction
  readonly #testall: NativeFunction
  readonly #reduceLocal: NativeFunction
  readonly #requests = new Uint8Array(new ArrayBuffer(2 * requestBytes))
  readonly #statuses = new Uint8Array(new ArrayBuffer(2 * statusBytes))
  readonly #flag = new Int32Array(new SharedArrayBuffer(4)) // shared, so that `Atomics.wait` takes it
  /** What is received, before it is added. */
  #received = new Uint8Array(new ArrayBuffer(4096))

  constructor(mpi: MpiLibrary, { launcher, size: launched }: Launch) {
    this.#mpi = mpi
    const message = ['uintptr_t', 'int', 'handle', 'int', 'int', 'handle', 'uintptr_t']
    this.#isend = mpi.func('MPI_Isend', ...message)
    this.#irecv = mpi.func('MPI_Irecv', ...message)
    this.#testall = mpi.func('MPI_Testall', 'int', 'uintptr_t', 'int32_t *', 'uintptr_t')
    this.#reduceLocal = mpi.func('MPI_Reduce_local', 'uintptr_t', 'uintptr_t', 'int', 'handle', 'handle')
    const number = new Int32Array(1)
    check(mpi.func('MPI_Init_thread', 'uintptr_t', 'uintptr_t', 'int', 'int32_t *')(0, 0, funneled, number))
    const ask = (name: string): number => {
      check(mpi.func(name, 'handle', 'int32_t *')(mpi.abi.world, number))
      return number[0]
    }
    this.rank = ask('MPI_Comm_rank')
    this.size = ask('MPI_Comm_size')
    if (this.size !== launched)
      throw new Error(
        `MPI: ${launcher} has started ${launched} processes, but ${mpi.path} (${mpi.abi.name}) sees ${this.size}: it is not the launcher's MPI; use the mpirun of that library, or srun --mpi=pmix or --mpi=pmi2, whichever it was built for, or give the path of the launcher's library`,
      )
  }

  get description(): string {
    const text = new Uint8Array(new ArrayBuffer(8192))
    const length = new Int32Array(1)
    check(this.#mpi.func('MPI_Get_library_version', 'uint8_t *', 'int32_t *')(text, length))
    const version = new TextDecoder().decode(text.subarray(0, length[0]))
    const name = /^(Open MPI v[\d.]+|MPICH Version:\s*[\d.]+)?/
      .exec(version)?.[0]
      .replace(/ Version:\s*/, ' ')
    return `${name || version.split('\n')[0]} (${this.#mpi.path})`
  }

  /**
   * Recursive halving and doubling (Thakur, Rabenseifner & Gropp 2005, section 4.4), from neighbours outwards: in each
   * round a pair splits what both still have, each adds the other's half to its own, and in the end everything goes the
   * way back. Two thirds or less of the bytes of whole exchanges, and each number is added in the order of the tree.
   */
  async sum(values: Summable): Promise<void> {
    if (!Number.isInteger(Math.log2(this.size)))
      throw new RangeError(`${this.size} processes: start 2, 4, 8 or another power of two`)
    const { BYTES_PER_ELEMENT: width, length } = values
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    const between = ([low, high]: Range) => bytes.subarray(low * width, high * width)
    const rounds: { readonly partner: number; readonly whole: Range; readonly kept: Range }[] = []
    let whole: Range = [0, length]
    for (let distance = 1; distance < this.size; distance *= 2) {
      const [low, high] = whole
      const middle = (low + high) >>> 1
      const halves: readonly [Range, Range] = [
        [low, middle],
        [middle, high],
      ]
      const upper = this.rank & distance ? 1 : 0
      const kept = halves[upper]
      const partner = this.rank ^ distance
      const receive = this.#staging((kept[1] - kept[0]) * width)
      await this.#exchange({ to: partner, send: between(halves[1 - upper]), receive })
      this.#add(receive, between(kept), values)
      rounds.push({ partner, whole, kept })
      whole = kept
    }
    for (const { partner, whole, kept } of rounds.reverse()) {
      const other: Range = kept[0] === whole[0] ? [kept[1], whole[1]] : [whole[0], kept[0]]
      await this.#exchange({ to: partner, send: between(kept), receive: between(other) })
    }
  }

  abort(code: number): void {
    this.#mpi.func('MPI_Abort', 'handle', 'int')(this.#mpi.abi.world, code)
  }

  async close(): Promise<void> {
    // Whoever has ended may be taken for dead by its launcher, and the others with it.
    await this.sum(new Int32Array(this.size))
    check(this.#mpi.func('MPI_Finalize')())
  }

  #staging(bytes: number): Uint8Array {
    if (this.#received.byteLength < bytes) this.#received = new Uint8Array(new ArrayBuffer(bytes))
    return this.#received.subarray(0, bytes)
  }

  /** Adds numbers to others, both given as bytes; `like`: an array of such numbers. */
  #add(from: Uint8Array, to: Uint8Array, like: Summable): void {
    const { types, sum } = this.#mpi.abi
    const floats = like instanceof Float64Array ? types.float64 : types.float32
    const type = like instanceof Int32Array ? types.int32 : floats
    const count = to.byteLength / like.BYTES_PER_ELEMENT
    if (count) check(this.#reduceLocal(this.#mpi.address(from), this.#mpi.address(to), count, type, sum))
  }

  /** Send to another process what it receives, and the other way round, once both are there. */
  async #exchange({ to, send, receive }: Transfer): Promise<void> {
    // Empty messages first: who is late may be so for long, while data, once it comes, needs frequent polling.
    const nothing = this.#received.subarray(0, 0)
    this.#start({ to, send: nothing, receive: nothing }, tags.ready)
    await this.#untilDone(true)
    for (let start = 0; start < Math.max(send.length, receive.length); start += mostBytes) {
      const part = {
        to,
        send: send.subarray(start, start + mostBytes),
        receive: receive.subarray(start, start + mostBytes),
      }
      this.#start(part, tags.data)
      await this.#untilDone(false)
    }
  }

  #start({ to, send, receive }: Transfer, tag: number): void {
    const { abi } = this.#mpi
    const requests = this.#mpi.address(this.#requests)
    const begin = (call: NativeFunction, memory: Uint8Array, request: number) => {
      const address = memory.length ? this.#mpi.address(memory) : 0
      check(
        call(
          address,
          memory.length,
          abi.types.byte,
          to,
          tag,
          abi.world,
          requests + BigInt(request * this.#step),
        ),
      )
    }
    begin(this.#irecv, receive, 0)
    begin(this.#isend, send, 1)
  }

  /** Bytes from one request to the next. */
  get #step(): number {
    return this.#mpi.abi.handle === 'int' ? 4 : 8
  }

  /** Wait for both messages. `gently`: with sleeps between polls. */
  async #untilDone(gently: boolean): Promise<void> {
    const { setImmediate, setTimeout } = requireNode('node:timers/promises')
    const requests = this.#mpi.address(this.#requests)
    const statuses = this.#mpi.address(this.#statuses)
    const isDone = () => {
      check(this.#testall(2, requests, this.#flag, statuses))
      return this.#flag[0] !== 0
    }
    const began = performance.now()
    for (let polls = 0; ; polls++) {
      if (isDone()) return
      if (!gently) {
        const until = performance.now() + pollingSlice
        while (performance.now() < until) {
          if (isDone()) return
          Atomics.wait(this.#flag, 0, 0, shortPause)
        }
      }
      if (!gently || polls < eagerPolls) await setImmediate()
      else await setTimeout(performance.now() - began < longWait ? shortSleep : longSleep)
    }
  }
}

/** From one number up to, and without, another. */
type Range = readonly [low: number, high: number]

const tags = { ready: 1, data: 2 } as const

/** The most bytes of a message: its number is an int. */
const mostBytes = 2 ** 30

/** @throws Error for a call that has failed; by default the library ends the process itself, with a message. */
function check(code: unknown): void {
  if (code !== 0)
    throw new Error(`MPI: a call has failed with error ${code}; the library's messages may say why`)
}
