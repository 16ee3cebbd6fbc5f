import { bytesPerElement, type DType, hostArray } from '../../kernel/dtype.js'
import { contiguousStrides, type Shape, sameShape, sizeOf } from '../../kernel/shape.js'
import { shareBuffers } from '../../kernel/shareBuffers.js'
import { type Axes, collapse } from '../shared/axes.js'
import { type AclDtype, type OperatorName, operators } from './prototypes.js'

/**
 * A sequence is what a kernel becomes: calls of aclnn operators on its arguments, on temporary memory and on constants.
 * Plain data: no address, no handle.
 */

/** Values that a call reads and nobody writes; the same key stands for the same values. */
export type Constant = {
  readonly kind: 'constant'
  readonly values: Float32Array | Int32Array
  readonly key: string
}

/** What memory a call touches: an argument of the kernel, temporary memory, or a constant. */
export type Location =
  | { readonly kind: 'argument'; readonly index: number }
  | { readonly kind: 'temporary'; readonly index: number }
  | Constant

/** Strided memory; offset and strides count elements, and no stride is negative. */
export type Ref = {
  readonly location: Location
  readonly dtype: AclDtype
  readonly shape: Shape
  readonly strides: Shape
  readonly offset: number
}

/** An operand that is no tensor: an aclScalar, an aclIntArray, or a plain number. */
export type Attribute =
  | { readonly scalar: number; readonly dtype: DType32 }
  | { readonly ints: readonly number[] }
  | number
  | bigint
  | boolean

export type Operand = Ref | Attribute

export type Call = { readonly operator: OperatorName; readonly operands: readonly Operand[] }

export const isRef = (operand: Operand): operand is Ref =>
  typeof operand === 'object' && 'location' in operand

/** The most axes that an operator takes. */
const mostAxes = 8

/** What the device is asked for and no operator does. */
export class RefusedError extends Error {}

/** Kernels in float64, which no chip multiplies: the device declines them. */
export class Float64Error extends RefusedError {}

/** A sequence under construction. */
export class Sequence {
  readonly calls: Call[] = []
  readonly #temporaries: number[] = []

  /** Contiguous temporary memory. */
  temporary(dtype: AclDtype, shape: Shape): Ref {
    const bytes = sizeOf(shape) * (dtype === 'bool' ? 1 : 4)
    const index = this.#temporaries.push(bytes) - 1
    return whole({ kind: 'temporary', index }, dtype, shape)
  }

  /** Append a call. @throws RefusedError for tensors of more axes than operators take. */
  call(operator: OperatorName, ...operands: Operand[]): void {
    for (const operand of operands)
      if (isRef(operand) && operand.shape.length > mostAxes)
        throw new RefusedError(
          `${operator} of a tensor with ${operand.shape.length} axes that do not merge; aclnn operators take ${mostAxes}`,
        )
    this.calls.push({ operator, operands })
  }

  /** The same elements with no negative stride: for each axis that has one, a copy in which it is reversed. */
  forward(ref: Ref): Ref {
    const axis = ref.strides.findIndex((s, d) => s < 0 && ref.shape[d] > 1)
    if (axis < 0) return ref.strides.some(s => s < 0) ? { ...ref, strides: ref.strides.map(Math.abs) } : ref
    const copy = this.temporary(ref.dtype, ref.shape)
    this.call('IndexSelect', this.forward(reversed(ref, axis)), axis, countdown(ref.shape[axis]), copy)
    return copy
  }

  /**
   * An operator that broadcasts. Its operands are views of `out`'s shape; where their stride is 0 they are handed over
   * with size 1, as the operator repeats them by itself. The result then has an axis's size only if one of them has, so
   * where all repeat, the first is written out. `out` must have no negative strides.
   */
  elementwise(operator: OperatorName, operands: readonly Operand[], out: Ref): void {
    const narrow = operands.map(operand => (isRef(operand) ? narrowed(this.forward(operand)) : operand))
    const refs = narrow.filter(isRef)
    const hasSizeOfOut = out.shape.every((n, d) => refs.some(r => (broadcastSize(r, d, out) ?? 1) === n))
    if (!hasSizeOfOut) {
      const first = narrow.findIndex(isRef)
      const source = narrow[first] as Ref
      const repeated = this.temporary(source.dtype, out.shape)
      this.call('InplaceCopy', repeated, source)
      narrow[first] = repeated
    }
    this.call(operator, ...narrow, out)
  }

  /** `to` = `source`, of one shape; a stride of 0 in the source repeats. */
  copy(source: Ref, to: Ref): void {
    this.call('InplaceCopy', ...this.#targetAndSource(to, source))
  }

  /** `to` += `source`. */
  add(source: Ref, to: Ref): void {
    const [target, value] = this.#targetAndSource(to, source)
    this.call('Add', target, value, { scalar: 1, dtype: to.dtype as DType32 }, target)
  }

  /** Axes that run backwards in the target run backwards in the source instead. */
  #targetAndSource(to: Ref, source: Ref): [Ref, Ref] {
    let [target, value] = [to, source]
    to.strides.forEach((s, d) => {
      if (s < 0) [target, value] = [reversed(target, d), reversed(value, d)]
    })
    return [target, narrowed(this.forward(value))]
  }

  /** `to` = `value`, everywhere. */
  fill(value: number, to: Ref): void {
    const target = to.strides.reduce((ref, s, d) => (s < 0 ? reversed(ref, d) : ref), to)
    this.call('InplaceFillScalar', target, { scalar: value, dtype: to.dtype as DType32 })
  }

  /**
   * Where temporaries lie in the device's scratch memory and how long each is, and how much memory they all need: in bytes.
   */
  layout(): { offsets: number[]; sizes: readonly number[]; bytes: number } {
    const sizes = new Map(this.#temporaries.map((bytes, id) => [id, { bytes }]))
    const uses = this.calls.map(({ operands }) =>
      operands.flatMap(o => (isRef(o) && o.location.kind === 'temporary' ? [o.location.index] : [])),
    )
    const shared = shareBuffers(sizes, uses)
    const starts: number[] = []
    let end = 0
    for (const bytes of shared.sizes) {
      starts.push(end)
      end = alignUp(end + alignUp(bytes, blockBytes) + blockBytes, memoryAlignment)
    }
    return {
      offsets: this.#temporaries.map((_, id) => starts[shared.bufferOf.get(id) ?? 0] ?? 0),
      sizes: this.#temporaries,
      bytes: end,
    }
  }
}

/** Device memory begins at multiples of this many bytes; 64 are asked for. */
const memoryAlignment = 512

/**
 * Cores read and write device memory in blocks of so many bytes. Who divides it is to leave room for whole blocks, and one
 * more behind (hicann/runtime `docs/zh/api_ref/11-01_device_memory_malloc_and_free.md`, on aclrtMalloc).
 */
export const blockBytes = 32

const alignUp = (bytes: number, alignment: number): number => Math.ceil(bytes / alignment) * alignment

/** The dtypes that operators compute in. */
export type DType32 = 'float32' | 'int32'

/** The dtype, as one that operators take. @throws Float64Error for float64. */
export function dtype32(dtype: DType): DType32 {
  if (dtype === 'float64') throw new Float64Error('float64')
  return dtype
}

/** Contiguous memory. */
export const whole = (location: Location, dtype: AclDtype, shape: Shape): Ref => ({
  location,
  dtype,
  shape,
  strides: contiguousStrides(shape),
  offset: 0,
})

/** A one-element tensor that broadcasts. */
export const constant = (value: number, dtype: DType): Ref =>
  constants(dtype32(dtype), [value], `${Object.is(value, -0) ? '-0' : value}`)

/** The row numbers count-1 … 0. */
const countdown = (count: number): Ref =>
  constants(
    'int32',
    Array.from({ length: count }, (_, i) => count - 1 - i),
    `countdown ${count}`,
  )

/** Some values as a tensor of one axis. `name`: the same for the same values. */
export function constants(dtype: DType32, values: readonly number[], name: string): Ref {
  const array = hostArray(dtype, values.length) as Float32Array | Int32Array
  array.set(values)
  return whole({ kind: 'constant', values: array, key: `${dtype} ${name}` }, dtype, [values.length])
}

/** The same memory with one axis read from its other end. */
const reversed = (ref: Ref, axis: number): Ref => ({
  ...ref,
  offset: ref.offset + (ref.shape[axis] - 1) * ref.strides[axis],
  strides: ref.strides.map((s, d) => (d === axis ? -s : s)),
})

/** Axes that only repeat get size 1. */
const narrowed = (ref: Ref): Ref => ({
  ...ref,
  shape: ref.shape.map((n, d) => (ref.strides[d] === 0 ? Math.min(n, 1) : n)),
})

/** The size of a broadcast operand on an axis of the result. */
const broadcastSize = (ref: Ref, axis: number, out: Ref): number | undefined =>
  ref.shape[axis - out.shape.length + ref.shape.length]

/** Views of one shape in as few axes as they allow, but one at least. `strides`: one list per view. */
export const merge = (shape: Shape, strides: readonly Shape[]): Axes =>
  oneAxisAtLeast(collapse(shape, strides))

/** Axes as they are, or one of size 1 for none. */
export const oneAxisAtLeast = (axes: Axes): Axes =>
  axes.shape.length ? axes : { shape: [1], strides: axes.strides.map(() => [1]) }

/** What a call is asked for, for error messages: `Add(float32[4,3], float32[1,3], 1, float32[4,3])`. */
export function printCall({ operator, operands }: Call): string {
  const print = (o: Operand): string => {
    if (isRef(o))
      return `${o.dtype}[${o.shape}]${sameShape(o.strides, contiguousStrides(o.shape)) ? '' : ` strides [${o.strides}]`}`
    if (typeof o !== 'object') return String(o)
    return 'scalar' in o ? String(o.scalar) : `[${o.ints}]`
  }
  return `aclnn${operator}(${operands.map(print).join(', ')})`
}

/** The position of the operand `out`, or -1 for in-place operators, whose target counts as an input in the C API. */
export const outputPosition = (operator: OperatorName): number =>
  operators[operator].split(',').findIndex(parameter => /\bout$/.test(parameter))

export const elementBytes = (dtype: AclDtype): number => (dtype === 'bool' ? 1 : bytesPerElement(dtype))
