import type { Kernel, LoopKernel, RandomBitsKernel } from '../../kernel/kernel.js'
import { randomBitsOf } from '../../kernel/threefry.js'
import { type Chip, checkTaken } from './chip.js'
import { type SequenceKernel, sequenceOf } from './kernels.js'
import type { Launcher } from './launcher.js'
import { type Memory, Scratch } from './memory.js'
import { isRef, type Place } from './sequence.js'

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
      const places = call.operands.filter(isRef).map(ref => this.#home(ref.place, offsets))
      return { call: this.launcher.prepare(call), places, addresses: places.map(() => 0) }
    })
    return args => {
      const scratch = this.#scratch.take(bytes)
      for (const { call, places, addresses } of steps) {
        for (let i = 0; i < places.length; i++) {
          const { argument, start } = places[i]
          addresses[i] = argument >= 0 ? args[argument] : argument === inScratch ? scratch + start : start
        }
        call.run(addresses)
      }
    }
  }

  /** Where a place is: in an argument, in the scratch memory, or at an address for good. */
  #home(place: Place, offsets: readonly number[]): { argument: number; start: number } {
    if (place.kind === 'argument') return { argument: place.index, start: 0 }
    if (place.kind === 'temporary') return { argument: inScratch, start: offsets[place.index] }
    let address = this.#constants.get(place.key)
    if (address === undefined) {
      address = this.memory.alloc(place.values.byteLength).address
      this.memory.write(address, place.values)
      this.#constants.set(place.key, address)
    }
    return { argument: fixed, start: address }
  }

  /** A loop on the host: each turn enqueues the body's programs on the turn's addresses. */
  #loop({ steps, reverse, body }: LoopKernel): Runnable {
    const launches = body.map(({ kernel, args }) => ({
      run: this.compile(kernel),
      args,
      addresses: args.map(() => 0),
    }))
    return outer => {
      for (let turn = 0; turn < steps; turn++) {
        const t = reverse ? steps - 1 - turn : turn
        for (const { run, args, addresses } of launches) {
          args.forEach(({ even, odd, offset, stride }, i) => {
            addresses[i] = outer[turn % 2 === 0 ? even : odd] + offset + t * stride
          })
          run(addresses)
        }
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

const inScratch = -1
const fixed = -2
