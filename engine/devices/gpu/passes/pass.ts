import type { SimpleKernel } from '../../../kernel/kernel.js'
import { type Operand, operands } from '../../../kernel/operands.js'
import { extentOf } from '../../../kernel/shape.js'
import type { Source } from './source.js'

/**
 * How each kind of kernel is said in passes, the dispatches of a GPU. A file a kind (map, reduce, matmul, rows, copy,
 * random) writes the source of its passes with `Source` (source.ts), bodies of maps and reductions by body.ts, whose
 * exp, log, tanh and sigmoid are in math.ts. Nothing here knows of WebGPU, WebGL or gpu.js: compiler.ts has gpu.js
 * compile the passes, and launch.ts binds them to buffers.
 */

/**
 * One dispatch: a gpu.js kernel and what it reads and writes. A kernel of the engine becomes one pass or a few, in order.
 *
 * In a pass's source a read is the array `in<slot>` from element `base<name>` on, and a write goes to the array
 * `out<slot>` from element `to<name>` on. Slots and these elements are bound when the pass runs, so one pass serves every
 * iteration of a loop. WebGPU binds no buffer both for reading and for writing: a read that has the slot of a write is
 * from `out<slot>`; a read whose buffer is found to be written only when the pass runs is from a copy made before.
 */
export type Pass = {
  /** Statements of the kernel function, in the language of dialect.ts. */
  readonly source: string
  /** Threads that run the statements; `this.thread.x` is a thread's number. */
  readonly threads: number
  readonly reads: readonly Read[]
  readonly writes: readonly Write[]
  /** Floats that have no literal (infinities, NaN, -0) or shall be none: `constant<i>` in the source. */
  readonly constants: readonly number[]
}

/** Memory that a pass uses: an argument of the kernel, or a temporary in which one pass leaves results for the next. */
export type Location = { readonly arg: number } | { readonly temporary: number }

/** A range of elements: `length` of them from element `first` of their memory on. */
export type Extent = { readonly first: number; readonly length: number }

/** An operand that a pass reads; the extent covers all elements that it may read. */
export type Read = Extent & {
  readonly location: Location
  /** Tells it from the other reads of the pass. */
  readonly name: number
  /** The binding: reads and writes with one slot are in one buffer. */
  readonly slot: number
}

/** An operand that a pass writes. */
export type Write = {
  readonly location: Location
  /** Tells it from the other writes of the pass; empty where there is no other. */
  readonly name: string
  /** The binding, as of reads; undefined where no other read or write of the pass shares it. */
  readonly slot: number | undefined
  /**
   * Where the pass adds to what is there, and this is its only write: the extent of what it writes. Each element is read
   * as `out[…]` before it is stored.
   */
  readonly initial?: Extent
}

/** The passes of a kernel, and the bytes of its temporaries. */
export type Passes = { readonly passes: readonly Pass[]; readonly temporaries: readonly number[] }

/** The array of a slot that is written. */
export const outOf = ({ slot }: Pick<Write, 'slot'>): string => `out${slot ?? ''}`

/** The elements that an operand reaches lie within this extent. */
function extent({ shape, view }: Operand): Extent {
  const { first, end } = extentOf(shape, view)
  return { first, length: end - first }
}

/** The read of a kernel's argument; it has a binding of its own unless `slot` says otherwise. */
export function readOf(args: readonly Operand[], arg: number, slot = arg): Read {
  return { location: { arg }, name: arg, slot, ...extent(args[arg]) }
}

/** The write of a kernel's argument as the only one of its pass: `store(out, to + …, …)`. */
export function writeOf(args: readonly Operand[], arg: number): Write {
  return onlyWrite({ arg }, args[arg].role === 'update' ? extent(args[arg]) : undefined)
}

/** The only write of a pass. `initial`: see Write. */
export const onlyWrite = (location: Location, initial?: Extent): Write => ({
  location,
  name: '',
  slot: undefined,
  ...(initial && { initial }),
})

/** A read of all `length` elements of temporary 0, as `in0` from `base0` on. */
export const readTemporary = (length: number): Read => ({
  location: { temporary: 0 },
  name: 0,
  slot: 0,
  first: 0,
  length,
})

/** A kernel of one output as a single pass over all of its arguments, each in a binding of its own. */
export function singlePass(kernel: SimpleKernel, source: Source, threads: number): Passes {
  const args = operands(kernel)
  const last = args.length - 1
  const pass = {
    source: `${source}`,
    threads,
    reads: Array.from({ length: last }, (_, arg) => readOf(args, arg)),
    writes: [writeOf(args, last)],
    constants: source.constants,
  }
  return { passes: [pass], temporaries: [] }
}
