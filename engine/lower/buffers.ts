import type { Tensor } from '../graph/tensor.js'
import { bytesPerElement } from '../kernel/dtype.js'
import type { Kernel, LoopArg } from '../kernel/kernel.js'
import type { View } from '../kernel/shape.js'
import type { Temporary } from '../kernel/shareBuffers.js'

/**
 * A kernel and its arguments, by the numbers of their buffers (`BufferTable`). In a loop's body they may move with the
 * step; at the top of a plan all of them are fixed (`fixedArg`).
 */
export type PlannedLaunch = { readonly kernel: Kernel; readonly args: readonly LoopArg[] }

/** Whether a launch at the top of a plan reads or writes a buffer. */
export const touches = ({ args }: PlannedLaunch, buffer: number): boolean =>
  args.some(({ even }) => even === buffer)

/** Where a value is: a buffer (moving with the step inside a loop), and how its elements lie there. */
export type Layout = { readonly arg: LoopArg; readonly view: View }

/** A value to compute, and where it must go (contiguous, or through a view). */
export type Wanted = { readonly value: Tensor; readonly to: LoopArg; readonly view?: View }

/** The buffers of a plan, or of the body of one loop, by number: their sizes in bytes, and which are temporaries. */
export class BufferTable {
  readonly bytes: number[] = []
  readonly temporaries = new Map<number, Temporary>()

  /** The number of a new buffer that comes from outside: a leaf or an output of the plan, an argument of the loop. */
  external(bytes: number): number {
    return this.bytes.push(bytes) - 1
  }

  /** The number of a new buffer that only this plan, or body, uses. */
  temporary(bytes: number): number {
    const id = this.external(bytes)
    this.temporaries.set(id, { bytes })
    return id
  }
}

/** Bytes of a tensor's value. */
export const bytesOf = (t: Tensor): number => t.size * bytesPerElement(t.dtype)

/** What the lowering of a loop needs of the graph around it (`Lowering`). */
export interface EnclosingGraph {
  readonly table: BufferTable
  /** Where a value is. */
  layout(t: Tensor): Layout
  /** The buffer of a value, written there in row-major order if need be. */
  contiguous(t: Tensor): LoopArg
  /** A contiguous buffer for a value that is about to be written. */
  home(t: Tensor): LoopArg
  /** Say where a value is. */
  locate(t: Tensor, layout: Layout): void
  /** Emit a copy of a value to a buffer, through a view of it. */
  copyTo(t: Tensor, to: LoopArg, through: View): void
  /** Add a launch, after all others. */
  emit(kernel: Kernel, ...args: readonly LoopArg[]): void
  /** The launches of the loop's body: from `sources`, values that are there, to `wanted`, in buffers of `table`. */
  lowerBody(
    table: BufferTable,
    sources: ReadonlyMap<Tensor, Layout>,
    wanted: readonly Wanted[],
  ): readonly PlannedLaunch[]
}
