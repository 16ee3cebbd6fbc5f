import ndarray from 'ndarray'
import { implement } from '../graph/implement.js'
import { inspect, type Nested, type TensorValue } from '../graph/methods.js'
import { Storage } from '../graph/storage.js'
import type { Tensor } from '../graph/tensor.js'
import { hostArray, hostView, type TypedArray } from '../kernel/dtype.js'
import { printShape, type Shape, sizeOf } from '../kernel/shape.js'
import { constantValue, hostData, result } from '../ops/index.js'
import { deviceNames, openDevice } from './devices.js'
import { realise } from './execute.js'
import { mostPrinted, printValues } from './print.js'

/** The methods with which values are read, written and moved: see `TensorValue`. */
implement<TensorValue<Tensor>>({
  data,
  array,
  item,
  print,
  [inspect]: printed,
  ndarray: asNdArray,
  assign,
  dispose,
  to,
})

/** The storage of a tensor, which is computed if need be. */
function realised(t: Tensor): Storage {
  realise([t])
  return t.storage!
}

/** Values that were read, of tensors of few elements: `console.log` cannot wait for a device. */
const readBefore = new WeakMap<Tensor, TypedArray>()
/** Tensors whose value changes. */
const assigned = new WeakSet<Tensor>()

/** The values of a tensor that is on the host: no device is opened for it. Undefined for others. */
function valuesOnHost(t: Tensor): TypedArray | undefined {
  if (t.storage || t.gone !== undefined) return undefined
  const value = constantValue(t)
  return value === undefined ? hostData(t) : hostArray(t.dtype, t.size).fill(value)
}

async function data(t: Tensor): Promise<TypedArray> {
  const onHost = valuesOnHost(t)
  if (onHost) return onHost.slice()
  const { memory, buffer } = realised(t)
  const values = hostView(t.dtype, await memory.read(buffer), 0, t.size)
  if (t.size <= mostPrinted && !assigned.has(t)) readBefore.set(t, values.slice())
  return values
}

async function print(t: Tensor): Promise<void> {
  console.log(printValues(t.dtype, t.shape, await t.data()))
}

function printed(t: Tensor): string {
  const onHost = valuesOnHost(t) ?? (t.storage && readBefore.get(t))
  if (onHost) return `Tensor ${printValues(t.dtype, t.shape, onHost)}`
  const what = `Tensor ${t.dtype} ${printShape(t.shape)}`
  if (t.gone !== undefined) return `${what}, without a value: ${t.gone}`
  const state = t.storage ? `on device '${t.storage.memory.name}'` : `not computed yet (${t.op.name})`
  return `${what}, ${state}; await t.print() prints its values`
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
  assigned.add(t)
  readBefore.delete(t)
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
