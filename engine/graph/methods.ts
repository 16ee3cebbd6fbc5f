import type { NdArray } from 'ndarray'
import type { DType, TypedArray } from '../kernel/dtype.js'

/** Nested arrays of numbers, all of one shape. */
export type Nested = number | readonly Nested[]

/** Axes to reduce: one, several, or (undefined) all. */
export type Axes = number | readonly number[] | undefined

/** Sizes: one argument for each axis, or an array of them. */
export type Sizes = number[] | [readonly number[]]

/** What `split` takes: the axis first, or the sizes first. */
export type SplitArguments =
  | [axis: number, parts: number | readonly number[]]
  | [sizes: readonly number[], axis?: number]

/**
 * The methods that make tensors of tensors, each declared here and nowhere else. `ops/` implements them beside their
 * operations. `T` is the type of tensors, which this file need not know.
 */
export interface TensorOperations<T> {
  /** Elementwise sum; broadcasts. */
  add(other: T | number): T
  /** Elementwise difference; broadcasts. */
  sub(other: T | number): T
  /** Elementwise product; broadcasts. */
  mul(other: T | number): T
  /** Elementwise quotient; broadcasts. Floats only. */
  div(other: T | number): T
  /** Elementwise maximum; broadcasts; NaN if either is. At ties the derivative goes to `other`. */
  maximum(other: T | number): T
  /** Elementwise minimum; broadcasts; NaN if either is. At ties the derivative goes to `other`. */
  minimum(other: T | number): T
  /** The former name of `maximum`. */
  max2(other: T | number): T
  /** The former name of `minimum`. */
  min2(other: T | number): T
  /** 1 where equal, else 0, in the dtype of the operands. No derivative. */
  equal(other: T | number): T
  /** 1 where less, else 0. No derivative. */
  less(other: T | number): T
  /** 1 where less or equal, else 0. No derivative. */
  lessEqual(other: T | number): T
  /** The negative. */
  neg(): T
  /** Absolute value; derivative 0 at 0. */
  abs(): T
  /** x * x. */
  square(): T
  /** Square root. */
  sqrt(): T
  /** Natural exponential. */
  exp(): T
  /** Natural logarithm. */
  log(): T
  /** Hyperbolic tangent. */
  tanh(): T
  /** 1 / (1 + exp(-x)). */
  sigmoid(): T
  /** max(x, 0); derivative 0 at 0. */
  relu(): T
  /** -1, 0 or 1. No derivative. */
  sign(): T
  /** Round down. No derivative. */
  floor(): T
  /** To another dtype; float to int32 truncates. Derivatives pass between floats. */
  cast(dtype: DType): T
  /** The same value, held constant by differentiation. */
  detach(): T

  /** Sum over axes (all by default); with `keep` they stay as axes of size 1. The sum of nothing is 0. */
  sum(axes?: Axes, keep?: boolean): T
  /** Mean over axes (all by default). */
  mean(axes?: Axes, keep?: boolean): T
  /** Largest element over axes (all by default); NaN if there is one. Ties share the derivative. */
  max(axes?: Axes, keep?: boolean): T
  /** log(sum(exp(x))) over axes (all by default), without overflow. */
  logsumexp(axes?: Axes, keep?: boolean): T

  /** Matrix product of the last two axes; leading axes are batches and broadcast. */
  matmul(other: T): T
  /** Rows of this table by int32 index: shape of `index`, then the row's shape. A row outside the table is zeros. */
  gather(index: T): T

  /** The same elements in row-major order in another shape; one size may be -1 and is worked out. */
  reshape(...shape: Sizes): T
  /** Axes in another order: axis d of the result is axis `axes[d]` of this. Without axes: reversed. */
  permute(...axes: Sizes): T
  /** The matrix transpose: the last two axes swapped, whatever is before them. */
  transpose(): T
  /** Two axes swapped. */
  swapAxes(a: number, b: number): T
  /**
   * Repeat along axes of size 1, and along new leading axes, without copying (NumPy's broadcast_to). A size of -1 stays
   * what it is.
   */
  expand(...shape: Sizes): T
  /** Elements start, start+step, … before end of one axis (default: to the end). Negative numbers count from the end. */
  slice(axis: number, start: number, end?: number, step?: number): T
  /** Axes backwards (all by default). */
  flip(axes?: Axes): T
  /** Sliding windows: axis `axis` counts windows, a new last axis of `size` runs inside one. */
  windows(axis: number, size: number, step?: number): T
  /**
   * Pieces of the given sizes along an axis, or that many equal ones. Sizes may also come before the axis (0 by
   * default), as in PyTorch.
   */
  split(...args: SplitArguments): T[]
  /** A new axis of size 1 before axis `axis`. */
  unsqueeze(axis: number): T
  /** Without these axes, which have size 1; by default without all such. */
  squeeze(axes?: Axes): T
}

/** What Node's `console.log` asks an object for. */
export const inspect: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never

/** The methods that read, change and free a tensor's value; `runtime/` implements them. */
export interface TensorValue<T> {
  /** The values as a typed array in row-major order (a copy). Computes them if need be. */
  data(): Promise<TypedArray>
  /** The values as nested arrays (a number for a scalar). */
  array(): Promise<Nested>
  /** The value of a tensor with one element. @throws RangeError when it has more or none. */
  item(): Promise<number>
  /** Compute the value if need be, and print it with its dtype and shape, by `console.log`. */
  print(): Promise<void>
  /** What `console.log(t)` prints: dtype, shape, and the values if they have been read or are on the host. */
  [inspect](): string
  /** The values as an `ndarray` (a copy). */
  ndarray(): Promise<NdArray<TypedArray>>
  /**
   * Overwrite the value in place on its device, for data that is fed to a compiled function again and again.
   * @throws RangeError or TypeError unless length and dtype fit.
   */
  assign(values: TypedArray): void
  /** Give the memory of the value back. The tensor has no value afterwards. */
  dispose(): void
  /**
   * A copy on another device, which is opened if need be. A graph is computed on one device, where its values are; this
   * is the way from one to another. Computes the value if need be.
   * @throws Error for a device that is not known or not available.
   */
  to(device: string): Promise<T>
}

/** Implementations of methods: functions of the tensor and the method's arguments. */
export type Implementation<T, Methods> = {
  readonly [Name in keyof Methods]: Methods[Name] extends (...args: infer Args) => infer Result
    ? (x: T, ...args: Args) => Result
    : never
}
