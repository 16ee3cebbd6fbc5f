// The model that everyone computes: one-hot of 4 bases, an LSTM (gates i, j, f, o, forget bias 1), a dense layer to 4,
// mean cross-entropy of the next base, Adam with rate 5e-4; float32, no dropout. Everyone starts from the same
// parameters and reads the same tokens, so their first losses must agree.
import { readFileSync, writeFileSync } from 'node:fs'
import { keyFromSeed, uniformAt } from '../dist/engine/index.js'

export const batch = 100
export const steps = 250
export const bases = 4

/**
 * Shapes of the parameters, in the order in which they lie in a problem's file (and gradients in theirs): the kernel's
 * first four rows are the input's, and its columns are the gates i, j, f, o.
 */
const parameterShapes = hidden => [
  ['kernel', [bases + hidden, 4 * hidden]],
  ['bias', [4 * hidden]],
  ['denseKernel', [hidden, bases]],
  ['denseBias', [bases]],
]

const sizeOf = shape => shape.reduce((a, b) => a * b, 1)

/** Writes parameters (float32, little-endian) and then tokens (one byte each, [batch, steps]) to `path`. */
export function writeProblem(path, { hidden, batch, steps }) {
  const key = keyFromSeed(1)
  const parameters = parameterShapes(hidden).map(([, shape], stream) => {
    const limit = shape.length === 2 ? Math.sqrt(6 / (shape[0] + shape[1])) : 0.1
    return Float32Array.from({ length: sizeOf(shape) }, (_, i) => limit * (2 * uniformAt(key, stream, i) - 1))
  })
  const tokens = Uint8Array.from({ length: batch * steps }, (_, i) => Math.floor(4 * uniformAt(key, 4, i)))
  writeFileSync(path, Buffer.concat([...parameters.map(x => Buffer.from(x.buffer)), tokens]))
}

/**
 * The arrays of a problem's (or a gradients') file by name, with their shapes, and the bytes that follow: the tokens.
 */
export function readProblem(path, hidden) {
  const file = readFileSync(path)
  const { buffer, byteOffset } = file.byteOffset % 4 ? Uint8Array.from(file) : file
  let offset = byteOffset
  const parameters = {}
  for (const [name, shape] of parameterShapes(hidden)) {
    const values = new Float32Array(buffer, offset, sizeOf(shape))
    parameters[name] = { shape, values }
    offset += values.byteLength
  }
  // A copy: a view would keep the parameters in memory.
  return { parameters, tokens: new Uint8Array(buffer, offset, file.length - (offset - byteOffset)).slice() }
}
