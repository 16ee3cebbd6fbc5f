import type { Kernel, LoopKernel } from '../../../kernel/kernel.js'
import { argumentBytes } from '../../../kernel/operands.js'
import { alignment } from '../allocator.js'
import {
  type FunctionBuilder,
  type I32,
  i32,
  ModuleBuilder,
  type WordAddress,
} from '../assembly/assembler.js'
import type { Target } from '../assembly/target.js'
import { cutColumns, hasSharedColumns, sharesColumns } from '../matmul/columns.js'
import { cutPacking, definePacking, packedBytes } from '../matmul/packing.js'
import { sgemmImport, sgemmRows, usesSgemm } from '../matmul/sgemm.js'
import { type DefineKernel, kernelDefiner } from './define.js'
import { emitTurns } from './loop.js'
import { otherSides, packsWithin, type RightSide, rightSides, sidesOfLaunch } from './packedOperands.js'
import { type Part, partition } from './partition.js'

/** Code that all threads run to compute a kernel together. */
export type Shared = {
  /**
   * Exports `run`, a function of the addresses of the kernel's arguments, of memory for right sides that are packed, and
   * of the thread's number. Imports `env.sgemm` and `env.meet` if it uses them.
   */
  readonly module: ModuleBuilder
  /** Bytes of right sides that are packed. */
  readonly packedBytes: number
}

/** How threads wait for each other within a kernel: `env.meet` returns when all have called it. */
export const meetImport = { name: 'meet', params: 0 } as const

/** The parts of a kernel, with its packed right sides, for several threads; undefined if one runs it. */
function partsOf(
  target: Target,
  kernel: Kernel,
  sides: readonly RightSide[],
  threads: number,
): readonly Part[] | undefined {
  const packing = sides[0]?.packing
  if (sharesColumns(target, kernel, packing)) return cutColumns(kernel, threads, packing)
  if (hasSharedColumns(target, kernel, sides)) return undefined
  const unit = usesSgemm(target, kernel) ? sgemmRows : 1
  return partition(kernel, threads, undefined, unit)?.map(({ kernel, offsets }) => ({
    kernel,
    offsets: [...offsets, ...sides.map(() => 0)],
  }))
}

/**
 * Whether a loop is run turn by turn, each launch by all threads, and not as one function by each of them: when it
 * cannot be cut by rows as a whole, but something in it can; or when what is in it packs right sides.
 */
function runsByTurns(
  target: Target,
  kernel: Kernel,
  sides: readonly RightSide[],
  threads: number,
): kernel is LoopKernel {
  const isCut = (kernel: Kernel, sides: readonly RightSide[]): boolean =>
    partsOf(target, kernel, sides, threads) !== undefined
  const isCutWithin = (kernel: Kernel, sides: readonly RightSide[]): boolean =>
    kernel.kind === 'loop' &&
    kernel.body.some(({ kernel: inner }, launch) => {
      const own = sidesOfLaunch(sides, launch)
      return isCut(inner, own) || isCutWithin(inner, own)
    })
  return packsWithin(target, kernel, sides) || (!isCut(kernel, sides) && isCutWithin(kernel, sides))
}

/** Where something begins, in a function: a kernel's arguments, right sides that are packed, memory for others. */
type Places = { readonly args: readonly I32[]; readonly packed: readonly I32[]; readonly room: I32 }

/** Emits work on what begins at these places. */
type Work = {
  emit(f: FunctionBuilder, thread: I32, places: Places): void
  /** Bytes of `room` that right sides packed within take. */
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
    const meet = threads > 1 ? [meetImport] : []
    this.module = new ModuleBuilder([...sgemm, ...meet], addressOf)
    this.#defineKernel = kernelDefiner(target, this.module)
  }

  #meet(f: FunctionBuilder): void {
    if (this.threads > 1) f.call(this.module.imports.indexOf(meetImport), [])
  }

  /** Emit what each thread does; the last ones nothing, if there are fewer `parts`. */
  #eachIts<T>(f: FunctionBuilder, thread: I32, parts: readonly T[], emit: (part: T) => void): void {
    if (this.threads === 1) emit(parts[0])
    else for (const [i, part] of parts.entries()) f.when(i32.eq(thread, i32.const(i)), () => emit(part))
  }

  #partsOf(kernel: Kernel, sides: readonly RightSide[]): readonly Part[] {
    const whole = { kernel, offsets: [...argumentBytes(kernel), ...sides].map(() => 0) }
    return partsOf(this.target, kernel, sides, this.threads) ?? [whole]
  }

  /**
   * Define the threads' shares of a kernel. The parameters are the addresses of its arguments, of the right sides that
   * are `given` packed, and of memory for others, which all threads pack together; then the thread's number.
   */
  define(kernel: Kernel, given: readonly RightSide[] = []): { index: number; packedBytes: number } {
    const { target, module, threads } = this
    const all = otherSides(rightSides(target, kernel), given)
    // Parts differ by a row at most: what is best for one is for all.
    const [{ kernel: part }] = this.#partsOf(kernel, [...given, ...all])
    const own = otherSides(rightSides(target, part), given)
    const sides = [...given, ...own]
    let end = 0
    const packings = own.map(({ packing, kernel, ...from }) => {
      const place = end
      end += Math.ceil(packedBytes(packing, kernel) / alignment) * alignment
      const parts = cutPacking(packing, kernel, threads).map(({ kernel, offsets }) => ({
        index: definePacking(target, module, packing, kernel),
        offsets,
      }))
      return { from, place, parts }
    })
    const work = runsByTurns(target, kernel, sides, threads)
      ? this.#turnsOf(kernel, sides)
      : this.#partOf(kernel, sides)

    const count = argumentBytes(kernel).length
    const index = module.define(count + given.length + 2, f => {
      const args = f.params.slice(0, count)
      const [room, thread] = f.params.slice(-2)
      const packed = packings.map(({ from, place, parts }) => {
        const to = f.local(i32.plus(room, place))
        this.#eachIts(f, thread, parts, ({ index, offsets }) =>
          f.call(index, [i32.plus(args[from.buffer], from.offset + offsets[0]), i32.plus(to, offsets[1])]),
        )
        return to
      })
      if (packings.length) this.#meet(f)
      const places = { args, packed: [...f.params.slice(count, -2), ...packed], room: i32.plus(room, end) }
      work.emit(f, thread, places)
    })
    return { index, packedBytes: end + work.packedBytes }
  }

  /** A loop turn by turn: its threads meet after each launch. */
  #turnsOf(loop: LoopKernel, sides: readonly RightSide[]): Work {
    const launches = loop.body.map(({ kernel }, launch) => {
      const own = sidesOfLaunch(sides, launch)
      return { own, ...this.define(kernel, own) }
    })
    return {
      packedBytes: Math.max(...launches.map(launch => launch.packedBytes)),
      emit: (f, thread, { args, packed, room }) =>
        emitTurns(f, loop, args, (launch, own) => {
          const { own: sides, index } = launches[launch]
          f.call(index, [...own, ...sides.map(({ place }) => packed[place]), room, thread])
          this.#meet(f)
        }),
    }
  }

  /** A kernel in parts, for as many threads as there are. */
  #partOf(kernel: Kernel, sides: readonly RightSide[]): Work {
    const parts = this.#partsOf(kernel, sides).map(({ kernel, offsets }) => ({
      index: this.#defineKernel(kernel, sides),
      offsets,
    }))
    return {
      packedBytes: 0,
      emit: (f, thread, { args, packed }) =>
        this.#eachIts(f, thread, parts, ({ index, offsets }) =>
          f.call(
            index,
            [...args, ...packed].map((address, i) => i32.plus(address, offsets[i])),
          ),
        ),
    }
  }
}

/**
 * A kernel for so many threads. A kernel of its own is cut into parts (partition.ts, columns.ts); right sides of loops
 * are packed beforehand, by all threads; a loop that cannot be cut runs turn by turn. `addressOf`: where constants lie in
 * memory; without it they are in the code.
 */
export function shareKernel(
  target: Target,
  kernel: Kernel,
  threads: number,
  addressOf?: WordAddress,
): Shared {
  const emitter = new ShareEmitter(target, kernel, threads, addressOf)
  const { index, packedBytes } = emitter.define(kernel)
  emitter.module.export('run', index)
  return { module: emitter.module, packedBytes }
}
