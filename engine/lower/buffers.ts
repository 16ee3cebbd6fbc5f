import type { Tensor } from '../graph/tensor.js'
import { bytesPerElement } from '../kernel/dtype.js'
import type { Kernel, LoopArg } from '../kernel/kernel.js'
import type { View } from '../kernel/shape.js'
import type { Temporary } from '../kernel/shareBuffers.js'

/** A kernel and its arguments among the plan's buffers. */
export type PlannedLaunch = { readonly kernel: Kernel; readonly args: readonly LoopArg[] }

/** Where a value is: a buffer (moving with the step inside a loop), and how its elements lie there. */
export type Layout = { readonly arg: LoopArg; readonly view: View }

/** A value to compute, and where it must go (contiguous, or through a view). */
export type Wanted = { readonly value: Tensor; readonly to: LoopArg; readonly view?: View }

/** Makes buffer numbers; shared by a graph and the loops in it. */
export class BufferTable {
  readonly bytes: number[] = []
  readonly temporaries = new Map<number, Temporary>()

  /** A buffer that somebody else provides. */
  outside(bytes: number): number {
    return this.bytes.push(bytes) - 1
  }

  temporary(bytes: number): number {
    const id = this.outside(bytes)
    this.temporaries.set(id, { bytes })
    return id
  }
}

/** A buffer that does not move with the step. */
export const fixedArg = (buffer: number): LoopArg => ({ even: buffer, odd: buffer, offset: 0, stride: 0 })

export const sameArg = (a: LoopArg, b: LoopArg): boolean =>
  a.even === b.even && a.odd === b.odd && a.offset === b.offset && a.stride === b.stride

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
  /** Copy a value to a buffer through a view. */
  copyTo(t: Tensor, to: LoopArg, through: View): void
  emit(kernel: Kernel, ...args: readonly LoopArg[]): void
  /** The launches of the loop's body. */
  lowerBody(
    table: BufferTable,
    sources: ReadonlyMap<Tensor, Layout>,
    wanted: readonly Wanted[],
  ): readonly PlannedLaunch[]
}
