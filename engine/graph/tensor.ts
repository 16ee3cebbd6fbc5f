import type { DType } from '../kernel/dtype.js'
import type { Expr } from '../kernel/expr.js'
import type { Kernel } from '../kernel/kernel.js'
import { printShape, type Shape, sizeOf, type View } from '../kernel/shape.js'
import type { TensorOperations, TensorValue } from './methods.js'
import type { OnnxWriter } from './onnx.js'
import type { Storage } from './storage.js'

/**
 * The graph of tensors: this file has its nodes (`Tensor`) and the types of the records that define operations. `node`
 * adds a node, `record` gives one with its operation's record, `registry` knows all operations, `methods` declares the
 * methods of tensors and `implement` gives them to all tensors, `tree` is about tensors in records and arrays, `storage`
 * about where values lie, `context` about settings that hold while a function runs, and `remarks` about what the
 * compiler's passes say.
 */

/**
 * A lazy strided-array value: a node of the graph. Operations add nodes (node.ts); nothing runs until a value is read,
 * or a compiled function is called. Immutable except for its storage (where its value lives, once it has been computed).
 *
 * Its methods are declared in methods.ts and implemented beside the operations that they belong to.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: `implement` takes all methods or none
export class Tensor {
  static #count = 0
  /** Creation order: the inputs of a node always have smaller ids. */
  readonly id = Tensor.#count++
  /** Where the value lives on a device, if it has been computed. @internal */
  storage: Storage | undefined = undefined
  /** Why there is no value any more. @internal */
  gone: string | undefined = undefined

  /** Users make tensors with `tensor`, `zeros`, … and operations; operations with `node`. @internal */
  constructor(
    readonly op: Op,
    readonly inputs: readonly Tensor[],
    readonly attrs: unknown,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {}

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

export interface Tensor extends TensorOperations<Tensor>, TensorValue<Tensor> {}

/** What tensors of all copies of the package have. */
const brand = Symbol.for('xenograd.Tensor')
Object.defineProperty(Tensor.prototype, brand, { value: true })

/** Whether it is a tensor of another copy of the package. */
export const isForeignTensor = (x: unknown): boolean =>
  typeof x === 'object' && x !== null && brand in x && !(x instanceof Tensor)

/** What a value is that is no tensor of this engine, for messages. */
function printForeign(x: unknown): string {
  if (x === null || typeof x !== 'object') return typeof x === 'string' ? `the string '${x}'` : String(x)
  return ArrayBuffer.isView(x) || Array.isArray(x) ? 'an array (tensor(values) makes one of it)' : 'an object'
}

/** @throws TypeError for what is no tensor, and for tensors of another copy of the package. `caller` begins the message. */
export function checkTensor(caller: string, x: unknown): asserts x is Tensor {
  if (x instanceof Tensor) return
  if (isForeignTensor(x))
    throw new TypeError(
      `${caller}: this tensor was made by another copy of xenograd; all files of a program must import the same one (npm ls xenograd lists the copies)`,
    )
  throw new TypeError(`${caller}: got ${printForeign(x)}, give a tensor`)
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

/** What all records of operations have. */
type Named = {
  readonly name: string
  /** How the generated tests draw a use of it; operations without are tested through others. */
  readonly sample?: (draw: Draw) => Sample
}

/** A value that comes from outside the graph: data, a constant, a placeholder. */
export type SourceOp = Named & { readonly kind: 'source' }

/**
 * An input of a node in a loop's body as it is at all steps: one tensor for all of them, if it is the same at every
 * step, or the values of all steps stacked along a new leading axis.
 */
export type StepInput = {
  readonly fixed: boolean
  /** The input itself if it is fixed, else [steps, ...shape]. */
  readonly tensor: Tensor
  /** [steps, ...shape] in any case: repeated along the steps if it is fixed. */
  stacked(): Tensor
}

/** What the loop compiler asks of an operation: how it may leave a loop. All of it is optional speed. */
export interface LoopRules<A> {
  /**
   * The node at all steps, [steps, ...shape], worked out outside of the loop from its inputs there; undefined where
   * there is no such form. Elementwise operations need none: they are the same with one more axis.
   */
  overSteps?(node: Node<A>, inputs: readonly StepInput[], steps: number): Tensor | undefined
  /**
   * Sets of inputs in which the operation is jointly linear when its other inputs are held: a sum over steps of the
   * operation is then the operation on sums over steps. `[[0, 1]]` for an addition, `[[0], [1]]` for a product.
   */
  linearIn?(node: Node<A>): readonly (readonly number[])[]
  /**
   * The sum over all steps of the node, from the stacked values of its inputs [steps, ...shape], as one operation:
   * of a product of matrices it is one product with the steps inside the contracted axis.
   */
  sumOverSteps?(node: Node<A>, stacked: readonly Tensor[]): Tensor
}

/** One scalar expression per element; all inputs have the node's shape. */
export interface ElementwiseOp extends Named {
  readonly kind: 'elementwise'
  readonly expr: (...inputs: Expr[]) => Expr
  readonly vjp: ((g: Tensor, inputs: readonly Tensor[], y: Tensor) => Cotangents) | undefined
  /** As in `LoopRules`, the same for all nodes. */
  readonly linearIn?: readonly (readonly number[])[]
}

/** A strided box in a tensor: where it begins on each axis, and how far apart its elements are. */
export type Box = { readonly starts: readonly number[]; readonly steps: readonly number[] }

/** How an operation is written in ONNX. Elementwise operations need nothing: their expression says it. */
interface OnnxRule<A> {
  /**
   * Adds the nodes that compute the node from its inputs, values of these names, in their order; returns the name of its
   * value. Operations without are not exported.
   */
  onnx?(node: Node<A>, inputs: readonly string[], writer: OnnxWriter): string
}

/** Another look at the same elements; linear in its input. */
export interface ViewOp<A> extends Named, OnnxRule<A>, Pick<LoopRules<A>, 'overSteps'> {
  readonly kind: 'view'
  /** The view of the node, given that of its input; undefined when strides cannot express it. */
  view(node: Node<A>, input: View): View | undefined
  vjp(g: Tensor, node: Node<A>): Cotangents
  /** Which box of its input the view is, if it is one: simplification takes it before other operations, not after. */
  box?(node: Node<A>): Box
  /** Whether all it does is to put axes in another order: what is before it then fuses with a reduction after it. */
  readonly permutesAxes?: boolean
}

/** A kernel to run for a node: arguments are the node's inputs by number, or its output. */
export type OpLaunch = { readonly kernel: Kernel; readonly args: readonly (number | 'out')[] }

/** An operation with kernels of its own. */
export interface KernelOp<A> extends Named, OnnxRule<A>, LoopRules<A> {
  readonly kind: 'kernel'
  /** Whether the inputs must be contiguous: others are copied before. Otherwise `launches` is given their views. */
  readonly contiguous: boolean
  launches(node: Node<A>, inputs: readonly View[]): readonly OpLaunch[]
  vjp(g: Tensor, node: Node<A>): Cotangents
  /**
   * For operations that do nothing but put their inputs into their output: where each one lies there, or undefined if
   * they do not fill it. Inputs may then be computed in place, and have these views when `launches` is called.
   */
  places?(node: Node<A>): readonly View[] | undefined
  /**
   * The inputs of which the same operation gives box `box`, of shape `shape`, of the node: what is outside of the box is
   * then not computed. Elementwise operations need none.
   */
  boxInputs?(node: Node<A>, box: Box, shape: Shape): readonly Tensor[]
  /**
   * For reductions of a single input over its last axes: which one it is. Elementwise operations whose result nothing
   * else reads are then computed in the same kernel.
   */
  readonly reduces?: 'sum' | 'max'
}

/** A loop (scan/node.ts): one node with several values, which `pick` nodes read. */
export type ScanOp = Named & { readonly kind: 'scan' }
/** One value of a loop. */
export type PickOp = Named & { readonly kind: 'pick' }

export type Op = SourceOp | ElementwiseOp | ViewOp<never> | KernelOp<never> | ScanOp | PickOp
