import type { DType } from '../kernel/dtype.js'
import type { Expr } from '../kernel/expr.js'
import type { Kernel } from '../kernel/kernel.js'
import { printShape, type Shape, sizeOf, type View } from '../kernel/shape.js'
import type { Storage } from '../runtime/runtime.js'

/**
 * A lazy strided-array value: a node of the graph. Operations add nodes; nothing runs until a value is read, or a
 * compiled function is called. Immutable except for its storage (where its value lives, once it has been computed).
 *
 * Methods are declared beside the operations they belong to (ops/*.ts).
 */
export class Tensor {
  static #count = 0
  /** Creation order: the inputs of a node always have smaller ids. */
  readonly id = Tensor.#count++
  /** Where the value lives on a device, if it has been computed. @internal */
  storage: Storage | undefined = undefined
  /** Why there is no value any more. @internal */
  gone: string | undefined = undefined

  /** Users make tensors with `tensor`, `zeros`, … and operations. @internal */
  constructor(
    readonly op: Op,
    readonly inputs: readonly Tensor[],
    readonly attrs: unknown,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {
    onCreate?.(this)
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape)
  }

  toString(): string {
    return `${this.op.name} ${this.dtype} ${printShape(this.shape)}`
  }
}

let onCreate: ((t: Tensor) => void) | undefined
/** The hook by which scopes learn of new tensors. @internal */
export function setCreationHook(hook: ((t: Tensor) => void) | undefined): void {
  onCreate = hook
}

/** A tensor whose attributes are known to be of type A. */
export type Node<A> = Tensor & { readonly attrs: A }

/** Cotangents for the inputs, in order; undefined where there is none. */
export type Cotangents = readonly (Tensor | undefined)[]

/** What the generated tests draw from: fast-check in tests, anything else in a shell. */
export interface Draw {
  int(min: number, max: number): number
  pick<T>(items: readonly T[]): T
}

/** One random use of an operation: inputs to draw and how to apply it to them. */
export type Sample = {
  readonly inputs: readonly {
    readonly shape: Shape
    readonly dtype?: DType
    readonly min?: number
    readonly max?: number
  }[]
  readonly apply: (...inputs: Tensor[]) => Tensor
  /** False at points where the function has a kink, which finite differences cannot cross. */
  readonly smooth?: (...elements: number[]) => boolean
}

type Tested = {
  readonly name: string
  /** How the generated tests draw a use of it; operations without are tested through others. */
  readonly sample?: (draw: Draw) => Sample
}

/** A value that comes from outside the graph: data, a constant, a placeholder. */
export type SourceOp = Tested & { readonly kind: 'source' }

/** One scalar expression per element; all inputs have the node's shape. */
export type ElementwiseOp = Tested & {
  readonly kind: 'elementwise'
  readonly expr: (...inputs: Expr[]) => Expr
  readonly vjp: ((g: Tensor, inputs: readonly Tensor[], y: Tensor) => Cotangents) | undefined
}

/** Another look at the same elements. */
export interface ViewOp<A> extends Tested {
  readonly kind: 'view'
  /** The view of the node, given that of its input; undefined when strides cannot express it. */
  view(node: Node<A>, input: View): View | undefined
  vjp(g: Tensor, node: Node<A>): Cotangents
}

/** A kernel to run: its arguments are inputs of the node by number, or its output. */
export type OpLaunch = { readonly kernel: Kernel; readonly args: readonly (number | 'out')[] }

/** An operation with kernels of its own. */
export interface KernelOp<A> extends Tested {
  readonly kind: 'kernel'
  /** Whether the inputs must be contiguous; otherwise `launches` is given their views. */
  readonly contiguous: boolean
  launches(node: Node<A>, inputs: readonly View[]): OpLaunch[]
  /**
   * For operations that do nothing but put their inputs into their output: where each one lies there. Inputs may then
   * be computed in place, and have these views when `launches` is called.
   */
  places?(node: Node<A>): readonly View[] | undefined
  vjp(g: Tensor, node: Node<A>): Cotangents
}

/** The loop itself (scan.ts); its values are read through `pick` nodes. */
export type ScanOp = Tested & { readonly kind: 'scan' }
export type PickOp = Tested & { readonly kind: 'pick' }

export type Op = SourceOp | ElementwiseOp | ViewOp<never> | KernelOp<never> | ScanOp | PickOp
