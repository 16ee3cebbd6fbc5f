import type {
  OnnxAttributes,
  OnnxDType,
  OnnxGraph,
  OnnxNode,
  OnnxTensor,
  OnnxValue,
  OnnxWriter,
} from '../graph/onnx.js'
import { checkFixed, factorise } from './sizes.js'

/** Numbers of ONNX's element types (TensorProto.DataType). */
export const onnxDTypes = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
  uint32: 12,
} as const satisfies Record<OnnxDType, number>

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
}

/** The size of an axis that is not fixed: that of an axis of an input, less `less`. */
export type FreeAxis = {
  readonly name: string
  readonly input: string
  readonly axis: number
  readonly less: number
}

/** The file that is written: its constants, the sizes of its free axes, and a supply of names. All graphs in it share these. */
export class OnnxFile {
  readonly initialisers: OnnxTensor[] = []
  readonly #constants = new Map<string, string>()
  readonly #names = new Map<string, number>()
  readonly #sizes = new Map<string, string>()
  /** The graph that is not the body of a loop. */
  readonly top = new GraphWriter(this)

  /** `axes`: for each axis that is not fixed, where its size is to be had. */
  constructor(readonly axes: readonly FreeAxis[]) {}

  /** A name that no other value has. */
  name(base: string): string {
    const count = this.#names.get(base) ?? 0
    this.#names.set(base, count + 1)
    return `${base}_${count}`
  }

  /** A value that follows from the sizes of axes that are not fixed: what `compute` adds, where it is not there yet. */
  once(key: string, compute: () => string): string {
    const name = this.#sizes.get(key) ?? compute()
    this.#sizes.set(key, name)
    return name
  }

  /** A size as it is declared: a number, or the name of one that is not fixed. */
  declared(size: number): number | string {
    const { factor, axes } = factorise(size)
    if (!axes.length) return size
    return [...(factor === 1 ? [] : [factor]), ...axes.map(i => this.axes[i].name)].join(' * ')
  }

  /** A constant, one for all of these values, type and shape. */
  constant(shape: readonly number[], data: OnnxTensor['data']): string {
    const values: Iterable<number | bigint> = data
    const key = `${data.constructor.name} ${shape}: ${Array.from(values, x => (Object.is(x, -0) ? '-0' : x))}`
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const name = this.name('constant')
    this.#constants.set(key, name)
    this.initialisers.push({ name, shape, data })
    return name
  }
}

/** Nodes of one graph as they are added: of the whole, or of the body of a loop, which may use values of those around it. */
export class GraphWriter implements OnnxWriter {
  readonly #nodes: OnnxNode[] = []

  constructor(readonly file: OnnxFile) {}

  add(operator: string, inputs: readonly string[], attributes: OnnxAttributes = {}): string {
    return this.addWith(operator, inputs, 1, attributes)[0]
  }

  /** A node with several outputs. */
  addWith(
    operator: string,
    inputs: readonly string[],
    outputs: number,
    attributes: OnnxAttributes = {},
  ): string[] {
    const names = Array.from({ length: outputs }, () => this.file.name(operator))
    this.#nodes.push({ operator, inputs, outputs: names, attributes })
    return names
  }

  /** A tensor that is part of the file. */
  tensor(name: string, shape: readonly number[], data: OnnxTensor['data']): string {
    this.file.initialisers.push({ name, shape, data })
    return name
  }

  /** Gives a value another name. */
  rename(value: string, name: string): void {
    this.#nodes.push({ operator: 'Identity', inputs: [value], outputs: [name], attributes: {} })
  }

  integers(values: readonly number[]): string {
    for (const value of values) checkFixed(value)
    return this.file.constant([values.length], BigInt64Array.from(values, BigInt))
  }

  sizes(sizes: readonly number[]): string {
    const { top } = this.file
    // Sizes come from the inputs alone, so they are computed before all loops.
    if (this !== top) return top.sizes(sizes)
    if (sizes.every(size => factorise(size).axes.length === 0)) return this.integers(sizes)
    return this.file.once(sizes.join(), () => {
      const parts = sizes.map(size => this.#size(size))
      return parts.length === 1 ? parts[0] : this.add('Concat', parts, { axis: 0 })
    })
  }

  /** A size: an int64 vector of one. */
  #size(size: number): string {
    const { factor, axes } = factorise(size)
    const factors = [
      ...(factor === 1 && axes.length ? [] : [this.integers([factor])]),
      ...axes.map(i => this.#axis(this.file.axes[i])),
    ]
    return factors.reduce((product, x) => this.add('Mul', [product, x]))
  }

  #axis({ name, input, axis, less }: FreeAxis): string {
    return this.file.once(`axis ${name}`, () => {
      const size = this.add('Shape', [input], { start: axis, end: axis + 1 })
      return less ? this.add('Sub', [size, this.integers([less])]) : size
    })
  }

  scalar(value: number, dtype: OnnxDType): string {
    if (dtype === 'int64' || dtype === 'bool') throw new RangeError(`scalar: no constants of ${dtype}`)
    if (Number.isInteger(value) && value > 0 && factorise(value).axes.length)
      return this.cast(this.reshape(this.sizes([value]), []), dtype)
    return this.file.constant([], arrays[dtype].of(value))
  }

  reshape(x: string, shape: readonly number[]): string {
    const free = shape.flatMap((size, d) => (factorise(size).axes.length ? [d] : []))
    // One size may be left open: no sizes need be computed then.
    const open = free.length === 1 && !shape.includes(0)
    const sizes = open ? this.integers(shape.map((n, d) => (d === free[0] ? -1 : n))) : this.sizes(shape)
    return this.add('Reshape', [x, sizes], shape.includes(0) ? { allowzero: 1 } : {})
  }

  cast(x: string, dtype: OnnxDType): string {
    return this.add('Cast', [x], { to: onnxDTypes[dtype] })
  }

  /** The graph of what has been added; constants are in the one that is no body. */
  finish(inputs: readonly OnnxValue[], outputs: readonly OnnxValue[]): OnnxGraph {
    const initialisers = this === this.file.top ? this.file.initialisers : []
    return { nodes: this.#nodes, initialisers, inputs, outputs }
  }
}
