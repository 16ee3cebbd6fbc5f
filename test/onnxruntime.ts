import { createRequire } from 'node:module'
import test, { type Test } from 'tape'
import type { TypedArray } from '../engine/index.js'
import { testUnless } from './testUnless.js'

/** What the tests use of onnxruntime-node. */
type Onnxruntime = {
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<Session>
  }
  readonly Tensor: new (type: string, data: TypedArray, shape: readonly number[]) => RuntimeTensor
}
type RuntimeTensor = { readonly data: TypedArray; readonly dims: readonly number[] }
type Session = {
  run(inputs: Readonly<Record<string, RuntimeTensor>>): Promise<Readonly<Record<string, RuntimeTensor>>>
  release(): Promise<void>
}

/** A value of a model: its numbers, which say the dtype, and its shape. */
export type Value = { readonly data: TypedArray; readonly shape: readonly number[] }

/** Runs a model on inputs by their names. */
export type RunOnnx = (
  model: Uint8Array,
  inputs: Readonly<Record<string, Value>>,
) => Promise<Readonly<Record<string, Value>>>

/** dist/test/onnxruntime.js -> where the package may be installed. */
const folders = ['../../.ci/onnx/', '../../bench/'].map(folder => new URL(folder, import.meta.url))

function loadOnnxruntime(): Onnxruntime | undefined {
  for (const folder of folders)
    try {
      return createRequire(folder)('onnxruntime-node') as Onnxruntime
    } catch {
      // looked for in the next one
    }
  return undefined
}

const onnxruntime = loadOnnxruntime()

const runWith =
  ({ InferenceSession, Tensor }: Onnxruntime): RunOnnx =>
  async (model, inputs) => {
    const session = await InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 })
    const given = Object.entries(inputs).map(([name, { data, shape }]): [string, RuntimeTensor] => {
      const type =
        data instanceof Float32Array ? 'float32' : data instanceof Float64Array ? 'float64' : 'int32'
      return [name, new Tensor(type, data, shape)]
    })
    const results = await session.run(Object.fromEntries(given))
    const values = Object.entries(results).map(([name, { data, dims }]) => [name, { data, shape: dims }])
    await session.release()
    return Object.fromEntries(values)
  }

/** A test that runs models in onnxruntime; without the package it says so and is skipped. */
export function testOnnx(name: string, body: (t: Test, run: RunOnnx) => Promise<void>): void {
  if (onnxruntime) test(name, t => body(t, runWith(onnxruntime)))
  else testUnless('no onnxruntime-node; npm ci --prefix .ci/onnx --ignore-scripts', name, t => t.end())
}
