import type { Kernel, LoopKernel, RandomBitsKernel, SimpleKernel } from '../../kernel/kernel.js'
import { bufferAt, byteAt, iterations } from '../../kernel/loop.js'
import { argumentCount } from '../../kernel/operands.js'
import { randomBitsOf } from '../../kernel/threefry.js'
import type { Chip } from './chip.js'
import { sequenceOf } from './kernels.js'
import type { Launcher } from './launcher.js'
import { addressOf, endOf, type Memory, Scratch } from './memory.js'
import { PreparedCall } from './preparedCall.js'
import { type Constant, isRef, type Ref, RefusedError } from './sequence.js'

/** A compiled kernel. */
export type Runnable = {
  /** Enqueue on arguments at the given addresses, each in a buffer that ends where `ends` says. */
  run(addresses: readonly number[], ends: readonly number[]): void
  /** Whether the card does it all by itself, with nothing for the host to compute in between. */
  readonly isOnCard: boolean
  /** Forget what is kept for running it. */
  release(): void
}

/**
 * A tensor's memory begins `offset` bytes after the base of this number, in a buffer of `bytes` bytes; without, that of an
 * argument, whose end is told when it runs.
 */
type TensorAddress = { readonly base: number; readonly offset: number; readonly bytes?: number }

/** A key and streams with bits everywhere, among them the highest. */
const trialKey = Int32Array.of(0x13198a2e, -0x5bd1e995)
const trialStreams = Int32Array.of(0x7fffffff, -0x12345678)

/** Makes programs of kernels for one card. */
export class Compiler {
  readonly #scratch: Scratch
  /** Addresses of constants, by their keys. */
  readonly #constants = new Map<string, number>()
  /** Undefined until somebody asks. */
  #drawsOnCard: boolean | undefined

  constructor(
    readonly chip: Chip,
    readonly launcher: Launcher,
    readonly memory: Memory,
  ) {
    this.#scratch = new Scratch(memory)
  }

  /** Where the memory lies that programs share. */
  get scratchAddress(): number {
    return this.#scratch.address
  }

  /** @throws RefusedError for what the chip cannot do, AscendError when something is broken. */
  compile(kernel: Kernel): Runnable {
    if (kernel.kind === 'loop') return this.#loop(kernel)
    if (kernel.kind === 'randomBits' && !this.drawsOnCard()) return this.#randomBitsOfHost(kernel)
    return this.#sequence(kernel)
  }

  #sequence(kernel: SimpleKernel): Runnable {
    const s = sequenceOf(kernel, this.chip)
    this.chip.checkTaken(s)
    const { offsets, sizes, bytes } = s.layout()
    // What addresses count from: the arguments, then the scratch memory, then address 0 for constants.
    const [scratchBase, zeroBase] = [argumentCount(kernel), argumentCount(kernel) + 1]
    const locate = ({ location }: Ref): TensorAddress => {
      if (location.kind === 'argument') return { base: location.index, offset: 0 }
      if (location.kind === 'temporary')
        return { base: scratchBase, offset: offsets[location.index], bytes: sizes[location.index] }
      return { base: zeroBase, offset: this.#constantAddress(location), bytes: location.values.byteLength }
    }
    const launches = s.calls.map(call => {
      const tensors = call.operands.filter(isRef).map(locate)
      const [addresses, ends] = [tensors.map(() => 0), tensors.map(() => 0)]
      return { call: new PreparedCall(this.launcher, call), tensors, addresses, ends }
    })
    return {
      isOnCard: true,
      run: (args, argumentEnds) => {
        const bases = [...args, this.#scratch.take(bytes), 0]
        for (const { call, tensors, addresses, ends } of launches) {
          for (let i = 0; i < tensors.length; i++) {
            const { base, offset, bytes } = tensors[i]
            addresses[i] = bases[base] + offset
            ends[i] = bytes === undefined ? argumentEnds[base] : addresses[i] + bytes
          }
          call.run(addresses, ends)
        }
      },
      release() {
        for (const { call } of launches) call.release()
      },
    }
  }

  /** Where a constant lies; it is written to the card the first time that it is asked for. */
  #constantAddress({ key, values }: Constant): number {
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const { address } = this.memory.alloc(values.byteLength)
    this.memory.write(address, values)
    this.#constants.set(key, address)
    return address
  }

  /** A loop on the host: each iteration enqueues the body's programs on the iteration's addresses. */
  #loop(loop: LoopKernel): Runnable {
    const order = iterations(loop)
    const launches = loop.body.map(({ kernel, args }) => ({
      program: this.compile(kernel),
      args,
      addresses: args.map(() => 0),
      ends: args.map(() => 0),
    }))
    return {
      isOnCard: launches.every(({ program }) => program.isOnCard),
      run(buffers, bufferEnds) {
        for (const iteration of order)
          for (const { program, args, addresses, ends } of launches) {
            for (let i = 0; i < args.length; i++) {
              const buffer = bufferAt(args[i], iteration)
              addresses[i] = buffers[buffer] + byteAt(args[i], iteration)
              ends[i] = bufferEnds[buffer]
            }
            program.run(addresses, ends)
          }
      },
      release() {
        for (const { program } of launches) program.release()
      },
    }
  }

  /**
   * Whether the card's operators give the bits of threefry.ts, as they do where sums and products of int32 wrap. Tried once;
   * where they do not, the host computes random bits, and what draws them is not captured.
   */
  drawsOnCard(): boolean {
    this.#drawsOnCard ??= this.#tryRandomBits()
    return this.#drawsOnCard
  }

  #tryRandomBits(): boolean {
    const kernel = { kind: 'randomBits', streams: 2, count: 21 } as const
    const values = [trialKey, trialStreams, new Int32Array(kernel.streams * kernel.count)]
    const buffers = values.map(({ byteLength }) => this.memory.alloc(byteLength))
    const draw = (program: Runnable): Int32Array => {
      values.forEach((words, i) => {
        this.memory.write(buffers[i].address, words)
      })
      program.run(buffers.map(addressOf), buffers.map(endOf))
      program.release()
      const bits = new Int32Array(kernel.streams * kernel.count)
      this.memory.readNow(buffers[2].address, bits)
      return bits
    }
    try {
      const [ofCard, ofHost] = [this.#sequence(kernel), this.#randomBitsOfHost(kernel)].map(draw)
      return ofCard.every((word, i) => word === ofHost[i])
    } catch (error) {
      if (error instanceof RefusedError) return false
      throw error
    } finally {
      for (const buffer of buffers) this.memory.free(buffer)
    }
  }

  /** Key and streams are read, which waits for what was enqueued before, and the bits are copied to the card. */
  #randomBitsOfHost({ streams, count }: RandomBitsKernel): Runnable {
    const key = new Int32Array(2)
    const stream = new Int32Array(streams)
    const bits = new Int32Array(streams * count)
    return {
      isOnCard: false,
      run: ([keyAddress, streamAddress, out]) => {
        if (!bits.length) return
        this.memory.readNow(keyAddress, key)
        this.memory.readNow(streamAddress, stream)
        for (let i = 0; i < streams; i++)
          randomBitsOf([key[0], key[1]], stream[i], bits.subarray(i * count, (i + 1) * count))
        this.memory.write(out, bits)
      },
      release() {},
    }
  }
}
