import ndarray, { type NdArray } from 'ndarray'
import { Tensor } from '../graph/tensor.js'
import { type DType, hostArray, hostView, type TypedArray } from '../kernel/dtype.js'
import { printShape, type Shape } from '../kernel/shape.js'
import { constantValue, hostData, type Nested } from '../ops/source.js'
import { realise, storageOf } from './execute.js'

declare module '../graph/tensor.js' {
  interface Tensor {
    /** The values as a typed array in row-major order (a copy). Computes them if need be. */
    data(): Promise<TypedArray>
    /** The values as nested arrays (a number for a scalar). */
    array(): Promise<Nested>
    /** The value of a tensor with one element. @throws RangeError when it has more or none. */
    item(): Promise<number>
    /** The values as an `ndarray` (a copy). */
    ndarray(): Promise<NdArray<TypedArray>>
    /**
     * Overwrite the value in place on its device, for data that is fed to a compiled function again and again.
     * @throws RangeError or TypeError unless length and dtype fit.
     */
    assign(values: TypedArray): void
    /** Give the memory of the value back. The tensor has no value afterwards. */
    dispose(): void
  }
}

Tensor.prototype.data = async function (): Promise<TypedArray> {
  if (!this.storage && this.gone === undefined) {
    // What is on the host is read there: no device is opened for it.
    const value = constantValue(this)
    if (value !== undefined) return hostArray(this.dtype, this.size).fill(value)
    const onHost = hostData(this)
    if (onHost) return onHost.slice()
  }
  realise([this])
  const { runtime, buffer } = this.storage!
  return hostView(this.dtype, await runtime.device.read(buffer), 0, this.size)
}

Tensor.prototype.array = async function (): Promise<Nested> {
  return nest(await this.data(), this.shape, 0)
}

function nest(data: TypedArray, shape: Shape, at: number): Nested {
  if (!shape.length) return data[at]
  const [count, ...inner] = shape
  const step = inner.reduce((a, b) => a * b, 1)
  return Array.from({ length: count }, (_, i) => nest(data, inner, at + i * step))
}

Tensor.prototype.item = async function (): Promise<number> {
  if (this.size !== 1)
    throw new RangeError(`item: ${printShape(this.shape)} holds ${this.size} values; use data() or array()`)
  return (await this.data())[0]
}

Tensor.prototype.ndarray = async function (): Promise<NdArray<TypedArray>> {
  return ndarray(await this.data(), [...this.shape])
}

Tensor.prototype.assign = function (values: TypedArray): void {
  const dtype: DType = this.dtype
  if (values.constructor !== hostArray(dtype, 0).constructor)
    throw new TypeError(`assign: the tensor is ${dtype}, the values are a ${values.constructor.name}`)
  if (values.length !== this.size)
    throw new RangeError(`assign: ${values.length} values do not fill ${printShape(this.shape)}`)
  realise([this])
  const { runtime, buffer } = this.storage!
  storageOf(this, runtime)
  runtime.device.write(buffer, values)
}

Tensor.prototype.dispose = function (): void {
  this.storage?.release()
  this.storage = undefined
  this.gone = 'it was disposed of'
}
