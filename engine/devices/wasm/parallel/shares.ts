import type { Kernel, LoopKernel } from '../../../kernel/kernel.js'
import { argumentCount } from '../../../kernel/operands.js'
import { alignment } from '../allocator.js'
import { type FunctionBuilder, ModuleBuilder, type WordAddress } from '../assembly/assembler.js'
import { type Usize, usize } from '../assembly/instructions.js'
import type { Target } from '../assembly/target.js'
import { definePacking, packedBytes } from '../matmul/packing.js'
import { sgemmImport, sgemmRows, usesSgemm } from '../matmul/sgemm.js'
import { cutColumns, hasSharedColumns, sharesColumns } from './columns.js'
import type { Part } from './cut.js'
import { type DefineKernel, kernelDefiner } from './define.js'
import { emitIterations } from './loop.js'
import {
  cutPacking,
  type PackedOperand,
  packedForLaunch,
  packedOperands,
  packsWithin,
  withoutGiven,
} from './packedOperands.js'
import { partition } from './partition.js'

/**
 * From a kernel to one module that several threads run together. In order: packedOperands.ts finds the weights of loops
 * that are packed beforehand; partition.ts and columns.ts cut the kernel into parts, by rows or by columns (cut.ts has
 * the arithmetic); define.ts makes a function of each part, which runs on one thread, and loop.ts one of a loop. This
 * file puts them together: each thread packs its share, waits for the others at a barrier, and computes its part; a loop
 * that cannot be cut as a whole runs iteration by iteration, with a barrier after each launch.
 */

/** Code that all threads run to compute a kernel together. */
export type SharedKernel = {
  /**
   * Exports `run`, a function of the addresses of the kernel's arguments, the address of memory for packed operands, and
   * the thread's number. Imports `env.sgemm` and `env.barrier` if it uses them.
   */
  readonly module: ModuleBuilder
  /** Bytes of packed operands. */
  readonly packedBytes: number
}

/** How threads wait for each other within a kernel: `env.barrier` returns when all have called it. */
export const barrierImport = { name: 'barrier', params: 0 } as const

/**
 * The parts of a kernel for several threads; undefined where it is not cut. `packed`: its operands that are packed
 * beforehand; a part's offsets are those of the arguments, then those of the packed operands.
 */
function partsOf(
  target: Target,
  kernel: Kernel,
  packed: readonly PackedOperand[],
  threads: number,
): readonly Part[] | undefined {
  const packing = packed[0]?.packing
  if (sharesColumns(target, kernel, packing)) return cutColumns(kernel, threads, packing)
  if (hasSharedColumns(target, kernel, packed)) return undefined
  const unit = usesSgemm(target, kernel) ? sgemmRows : 1
  return partition(kernel, threads, unit)?.map(({ kernel, offsets }) => ({
    kernel,
    offsets: [...offsets, ...packed.map(() => 0)],
  }))
}

/**
 * Whether a loop is run iteration by iteration, each launch by all threads, and not as one function by each of them: when
 * it cannot be cut by rows as a whole, but something in it can; or when what is in it packs operands.
 */
function runsByIteration(
  target: Target,
  kernel: Kernel,
  packed: readonly PackedOperand[],
  threads: number,
): kernel is LoopKernel {
  const isCut = (kernel: Kernel, packed: readonly PackedOperand[]): boolean =>
    partsOf(target, kernel, packed, threads) !== undefined
  const isCutWithin = (kernel: Kernel, packed: readonly PackedOperand[]): boolean =>
    kernel.kind === 'loop' &&
    kernel.body.some(({ kernel: inner }, launch) => {
      const inherited = packedForLaunch(packed, launch)
      return isCut(inner, inherited) || isCutWithin(inner, inherited)
    })
  return packsWithin(target, kernel, packed) || (!isCut(kernel, packed) && isCutWithin(kernel, packed))
}

/** Addresses in a function: of a kernel's arguments, of operands that are packed already, and of memory to pack others in. */
type Addresses = {
  readonly args: readonly Usize[]
  readonly packed: readonly Usize[]
  readonly memory: Usize
}

/** What all threads do for a kernel once its operands are packed. */
type Work = {
  /** Emit it; each thread finds its part by its number. */
  emit(f: FunctionBuilder, thread: Usize, addresses: Addresses): void
  /** Bytes of `memory` for what it packs itself, in iterations of a loop. */
  readonly packedBytes: number
}

/** Defines what each thread does, all in one module: parts of one size are the same code. */
class ShareEmitter {
  readonly module: ModuleBuilder
  readonly #defineKernel: DefineKernel

  constructor(
    readonly target: Target,
    kernel: Kernel,
    readonly threads: number,
    addressOf?: WordAddress,
  ) {
    const sgemm = usesSgemm(target, kernel) ? [sgemmImport] : []
    const barrier = threads > 1 ? [barrierImport] : []
    this.module = new ModuleBuilder([...sgemm, ...barrier], { addressType: target.addressType, addressOf })
    this.#defineKernel = kernelDefiner(target, this.module)
  }

  /** Emit a wait for all other threads. */
  #barrier(f: FunctionBuilder): void {
    if (this.threads > 1) f.call(this.module.imports.indexOf(barrierImport), [])
  }

  /** Emit each thread's part; the last threads have none, if there are fewer `parts`. */
  #eachThread<T>(f: FunctionBuilder, thread: Usize, parts: readonly T[], emit: (part: T) => void): void {
    if (this.threads === 1) emit(parts[0])
    else for (const [i, part] of parts.entries()) f.when(usize.eq(thread, usize.const(i)), () => emit(part))
  }

  /** The parts of a kernel: the whole where it is not cut. */
  #partsOrWhole(kernel: Kernel, packed: readonly PackedOperand[]): readonly Part[] {
    const whole = { kernel, offsets: Array<number>(argumentCount(kernel) + packed.length).fill(0) }
    return partsOf(this.target, kernel, packed, this.threads) ?? [whole]
  }

  /**
   * Define the threads' shares of a kernel. The parameters are the addresses of its arguments, of the operands that are
   * `given` packed, and of memory for others, which all threads pack together; then the thread's number.
   */
  define(kernel: Kernel, given: readonly PackedOperand[] = []): { index: number; packedBytes: number } {
    const { target, module, threads } = this
    // How an operand is best packed depends on the rows of a part. Parts have about as many: what is best for the first
    // is good for all.
    const candidates = withoutGiven(packedOperands(target, kernel), given)
    const [{ kernel: part }] = this.#partsOrWhole(kernel, [...given, ...candidates])
    const fresh = withoutGiven(packedOperands(target, part), given)
    const packed = [...given, ...fresh]
    let end = 0
    const packings = fresh.map(({ packing, kernel, buffer, offset }) => {
      const start = end
      end += Math.ceil(packedBytes(packing, kernel) / alignment) * alignment
      const parts = cutPacking(packing, kernel, threads).map(({ kernel, offsets }) => ({
        index: definePacking(target, module, packing, kernel),
        offsets,
      }))
      return { buffer, offset, start, parts }
    })
    const work = runsByIteration(target, kernel, packed, threads)
      ? this.#iterationsOf(kernel, packed)
      : this.#partOf(kernel, packed)

    const count = argumentCount(kernel)
    const index = module.define(count + given.length + 2, f => {
      const args = f.params.slice(0, count)
      const [memory, thread] = f.params.slice(-2)
      const addresses = packings.map(({ buffer, offset, start, parts }) => {
        const to = f.local(usize.plus(memory, start))
        this.#eachThread(f, thread, parts, ({ index, offsets }) =>
          f.call(index, [usize.plus(args[buffer], offset + offsets[0]), usize.plus(to, offsets[1])]),
        )
        return to
      })
      if (packings.length) this.#barrier(f)
      work.emit(f, thread, {
        args,
        packed: [...f.params.slice(count, -2), ...addresses],
        memory: usize.plus(memory, end),
      })
    })
    return { index, packedBytes: end + work.packedBytes }
  }

  /** A loop iteration by iteration, with a barrier after each launch. */
  #iterationsOf(loop: LoopKernel, packed: readonly PackedOperand[]): Work {
    const launches = loop.body.map(({ kernel }, launch) => {
      const inherited = packedForLaunch(packed, launch)
      return { positions: inherited.map(({ position }) => position), ...this.define(kernel, inherited) }
    })
    return {
      packedBytes: Math.max(...launches.map(launch => launch.packedBytes)),
      emit: (f, thread, { args, packed, memory }) =>
        emitIterations(f, loop, args, (launch, innerArgs) => {
          const { positions, index } = launches[launch]
          f.call(index, [...innerArgs, ...positions.map(position => packed[position]), memory, thread])
          this.#barrier(f)
        }),
    }
  }

  /** A kernel in parts, one for each thread. */
  #partOf(kernel: Kernel, packed: readonly PackedOperand[]): Work {
    const parts = this.#partsOrWhole(kernel, packed).map(({ kernel, offsets }) => ({
      index: this.#defineKernel(kernel, packed),
      offsets,
    }))
    return {
      packedBytes: 0,
      emit: (f, thread, { args, packed }) =>
        this.#eachThread(f, thread, parts, ({ index, offsets }) =>
          f.call(
            index,
            [...args, ...packed].map((address, i) => usize.plus(address, offsets[i])),
          ),
        ),
    }
  }
}

/**
 * The code by which so many threads compute a kernel. `addressOf`: where constants are in memory; without it they are in
 * the code.
 */
export function shareKernel(
  target: Target,
  kernel: Kernel,
  threads: number,
  addressOf?: WordAddress,
): SharedKernel {
  const emitter = new ShareEmitter(target, kernel, threads, addressOf)
  const { index, packedBytes } = emitter.define(kernel)
  emitter.module.export('run', index)
  return { module: emitter.module, packedBytes }
}
