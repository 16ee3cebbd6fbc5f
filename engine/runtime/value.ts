import ndarray from 'ndarray'
import { implement } from '../graph/implement.js'
import type { Nested, TensorValue } from '../graph/methods.js'
import { Storage } from '../graph/storage.js'
import type { Tensor } from '../graph/tensor.js'
import { hostArray, hostView, type TypedArray } from '../kernel/dtype.js'
import { printShape, type Shape, sizeOf } from '../kernel/shape.js'
import { constantValue, hostData, result } from '../ops/index.js'
import { deviceNames, openDevice } from './devices.js'
import { realise } from './execute.js'

/** The methods with which values are read, written and moved: see `TensorValue`. */
implement<TensorValue<Tensor>>({ data, array, item, ndarray: asNdArray, assign, dispose, to })

/** The storage of a tensor, which is computed if need be. */
function realised(t: Tensor): Storage {
  realise([t])
  return t.storage!
}

async function data(t: Tensor): Promise<TypedArray> {
  if (!t.storage && t.gone === undefined) {
    // What is on the host is read there: no device is opened for it.
    const value = constantValue(t)
    if (value !== undefined) return hostArray(t.dtype, t.size).fill(value)
    const onHost = hostData(t)
    if (onHost) return onHost.slice()
  }
  const { memory, buffer } = realised(t)
  return hostView(t.dtype, await memory.read(buffer), 0, t.size)
}

async function array(t: Tensor): Promise<Nested> {
  return nested(await t.data(), t.shape, 0)
}

function nested(values: TypedArray, shape: Shape, first: number): Nested {
  if (!shape.length) return values[first]
  const [count, ...inner] = shape
  return Array.from({ length: count }, (_, i) => nested(values, inner, first + i * sizeOf(inner)))
}

async function item(t: Tensor): Promise<number> {
  if (t.size !== 1)
    throw new RangeError(`item: ${printShape(t.shape)} holds ${t.size} values; use data() or array()`)
  return (await t.data())[0]
}

async function asNdArray(t: Tensor) {
  return ndarray(await t.data(), [...t.shape])
}

function assign(t: Tensor, values: TypedArray): void {
  if (values.constructor !== hostArray(t.dtype, 0).constructor)
    throw new TypeError(`assign: the tensor is ${t.dtype}, the values are a ${values.constructor.name}`)
  if (values.length !== t.size)
    throw new RangeError(`assign: ${values.length} values do not fill ${printShape(t.shape)}`)
  const { memory, buffer } = realised(t)
  memory.write(buffer, values)
}

function dispose(t: Tensor): void {
  t.storage?.release()
  t.storage = undefined
  t.gone = 'it was disposed of'
}

async function to(t: Tensor, device: string): Promise<Tensor> {
  if (/^(float(32|64)|int32)$/.test(device) && !deviceNames().includes(device))
    throw new TypeError(`to: '${device}' is a dtype, and this copies to a device; use cast('${device}')`)
  const runtime = await openDevice(device)
  const values = await t.data()
  const copy = result(t.shape, t.dtype)
  const buffer = runtime.alloc(values.byteLength)
  copy.storage = new Storage(runtime, buffer)
  runtime.write(buffer, values)
  return copy
}
