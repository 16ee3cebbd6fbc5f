import type { Kernel, LoopKernel, RandomBitsKernel } from '../../kernel/kernel.js'
import { bufferAt, byteAt, iterations } from '../../kernel/loop.js'
import { argumentCount } from '../../kernel/operands.js'
import { randomBitsOf } from '../../kernel/threefry.js'
import type { Chip } from './chip.js'
import { type SequenceKernel, sequenceOf } from './kernels.js'
import type { Launcher } from './launcher.js'
import { type Memory, Scratch } from './memory.js'
import { type Constant, isRef, type Ref } from './sequence.js'

/** A compiled kernel: enqueues itself on arguments at the given addresses. */
export type Runnable = (addresses: readonly number[]) => void

/** A tensor's memory begins `offset` bytes after the base of this number. */
type TensorAddress = { readonly base: number; readonly offset: number }

/** Makes programs of kernels for one card. */
export class Compiler {
  readonly #scratch: Scratch
  /** Addresses of constants, by their keys. */
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
    this.chip.checkTaken(s)
    const { offsets, bytes } = s.layout()
    // What addresses count from: the arguments, then the scratch memory, then address 0 for constants.
    const [scratchBase, zeroBase] = [argumentCount(kernel), argumentCount(kernel) + 1]
    const locate = ({ location }: Ref): TensorAddress => {
      if (location.kind === 'argument') return { base: location.index, offset: 0 }
      if (location.kind === 'temporary') return { base: scratchBase, offset: offsets[location.index] }
      return { base: zeroBase, offset: this.#constantAddress(location) }
    }
    const launches = s.calls.map(call => {
      const tensors = call.operands.filter(isRef).map(locate)
      return { call: this.launcher.prepare(call), tensors, addresses: tensors.map(() => 0) }
    })
    return args => {
      const bases = [...args, this.#scratch.take(bytes), 0]
      for (const { call, tensors, addresses } of launches) {
        for (let i = 0; i < tensors.length; i++) addresses[i] = bases[tensors[i].base] + tensors[i].offset
        call.run(addresses)
      }
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
