import type { Kernel, LoopKernel, RandomBitsKernel } from '../../kernel/kernel.js'
import { bufferAt, byteAt, iterations } from '../../kernel/loop.js'
import { randomBitsOf } from '../../kernel/threefry.js'
import { type Chip, checkTaken } from './chip.js'
import { type SequenceKernel, sequenceOf } from './kernels.js'
import type { Launcher } from './launcher.js'
import { type Memory, Scratch } from './memory.js'
import { isRef, type Location } from './sequence.js'

/** A compiled kernel: enqueues itself on arguments at the given addresses. */
export type Runnable = (addresses: readonly number[]) => void

/** Makes programs of kernels for one card. */
export class Compiler {
  readonly #scratch: Scratch
  readonly #constants = new Map<string, number>()

  constructor(
    readonly chip: Chip,
    readonly launcher: Launcher,
    readonly memory: Memory,
  ) {
    this.#scratch = new Scratch(memory)
  }

  /** @throws RefusedError for what the chip cannot do, AscendError when something is broken. */
  compile(kernel: Kernel): Runnable {
    if (kernel.kind === 'loop') return this.#loop(kernel)
    if (kernel.kind === 'randomBits') return this.#randomBits(kernel)
    return this.#sequence(kernel)
  }

  #sequence(kernel: SequenceKernel): Runnable {
    const s = sequenceOf(kernel, this.chip)
    checkTaken(this.chip, s)
    const { offsets, bytes } = s.layout()
    const steps = s.calls.map(call => {
      const tensors = call.operands.filter(isRef).map(ref => this.#locate(ref.location, offsets))
      return { call: this.launcher.prepare(call), tensors, addresses: tensors.map(() => 0) }
    })
    return args => {
      const scratch = this.#scratch.take(bytes)
      for (const { call, tensors, addresses } of steps) {
        for (let i = 0; i < tensors.length; i++) {
          const { argument, start } = tensors[i]
          addresses[i] = argument >= 0 ? args[argument] : argument === inScratch ? scratch + start : start
        }
        call.run(addresses)
      }
    }
  }

  /** Where memory is when a program runs; constants are written to the card here, once. */
  #locate(location: Location, offsets: readonly number[]): Base {
    if (location.kind === 'argument') return { argument: location.index, start: 0 }
    if (location.kind === 'temporary') return { argument: inScratch, start: offsets[location.index] }
    let address = this.#constants.get(location.key)
    if (address === undefined) {
      address = this.memory.alloc(location.values.byteLength).address
      this.memory.write(address, location.values)
      this.#constants.set(location.key, address)
    }
    return { argument: fixed, start: address }
  }

  /** A loop on the host: each iteration enqueues the body's programs on the iteration's addresses. */
  #loop(kernel: LoopKernel): Runnable {
    const order = iterations(kernel)
    const launches = kernel.body.map(({ kernel, args }) => ({
      run: this.compile(kernel),
      args,
      addresses: args.map(() => 0),
    }))
    return buffers => {
      for (const iteration of order)
        for (const { run, args, addresses } of launches) {
          for (let i = 0; i < args.length; i++)
            addresses[i] = buffers[bufferAt(args[i], iteration)] + byteAt(args[i], iteration)
          run(addresses)
        }
    }
  }

  /**
   * Random bits are computed on the host, as the operators have no 32-bit rotation: key and streams are read, which
   * waits for what was enqueued before, and the bits are copied to the card. In training that is once a step, at its
   * beginning, when the card has nothing to do.
   */
  #randomBits({ streams, count }: RandomBitsKernel): Runnable {
    const key = new Int32Array(2)
    const stream = new Int32Array(streams)
    const bits = new Int32Array(streams * count)
    return ([keyAddress, streamAddress, out]) => {
      if (!bits.length) return
      this.memory.readNow(keyAddress, key)
      this.memory.readNow(streamAddress, stream)
      for (let i = 0; i < streams; i++)
        randomBitsOf([key[0], key[1]], stream[i], bits.subarray(i * count, (i + 1) * count))
      this.memory.write(out, bits)
    }
  }
}

/** A tensor's memory begins `start` bytes into an argument, by its number, or into the scratch memory, or at `start`. */
type Base = { readonly argument: number; readonly start: number }
const inScratch = -1
const fixed = -2
