import fc from 'fast-check'
import test from 'tape'
import { interpret } from '../../../engine/devices/reference/interpret.js'
import { dtypeOf, hostView } from '../../../engine/kernel/dtype.js'
import type { Kernel } from '../../../engine/kernel/kernel.js'
import { argumentBytes } from '../../../engine/kernel/operands.js'
import { contiguousView } from '../../../engine/kernel/shape.js'
import { split } from '../../../engine/kernel/split.js'
import { inputLine } from '../../../engine/testing/generators/index.js'
import { runs } from '../../effort.js'
import { afterRun, anyKernel, bytesOf, isRequired } from './support.js'

/** Run a kernel as the kernels that it splits into, and those into, until every device must take them. */
function runSplit(kernel: Kernel, args: readonly Uint8Array[]): void {
  const pieces = split(kernel)
  if (!pieces) {
    if (!isRequired(kernel)) throw new Error(`a ${kernel.kind} that devices may decline is not split`)
    interpret(
      kernel,
      args.map(({ buffer }) => ({ memory: buffer as ArrayBuffer, offset: 0 })),
    )
    return
  }
  if (isRequired(kernel)) throw new Error(`a ${kernel.kind} that every device takes is split`)
  const scratch = pieces.scratch.map(({ bytes, contents }) => {
    // Fresh memory has any contents.
    const memory = new Uint8Array(bytes).fill(0xff)
    if (contents) memory.set(new Uint8Array(contents.buffer, contents.byteOffset, contents.byteLength))
    return memory
  })
  for (const piece of pieces.launches) {
    const buffers = piece.args.map(arg => (typeof arg === 'number' ? args[arg] : scratch[arg.scratch]))
    argumentBytes(piece.kernel).forEach((bytes, i) => {
      if (buffers[i].length < bytes)
        throw new Error(
          `argument ${i} of a ${piece.kernel.kind}: ${buffers[i].length} bytes, it takes ${bytes}`,
        )
    })
    runSplit(piece.kernel, buffers)
  }
}

// In float64 values in between are not rounded when they go to scratch: the same to the last bit.
test('what a kernel splits into computes the same, of kernels that every device takes', t => {
  const wasSplit = new Map<string, number>()
  const property = fc.property(anyKernel(['float64', 'int32']), ({ kernel, buffers }) => {
    const expected = afterRun(kernel, buffers)
    const memory = buffers.map(array => bytesOf(array).slice())
    runSplit(kernel, memory)
    if (split(kernel)) wasSplit.set(kernel.kind, (wasSplit.get(kernel.kind) ?? 0) + 1)
    memory.forEach((bytes, i) => {
      const values = hostView(dtypeOf(buffers[i])!, bytes.buffer)
      const wrong = values.findIndex((x, e) => !Object.is(x, expected[i][e]))
      if (wrong >= 0)
        throw new Error(`argument ${i}, element ${wrong} is ${values[wrong]}, not ${expected[i][wrong]}`)
    })
  })
  fc.assert(property, { numRuns: runs(500), includeErrorInReport: true })
  for (const kind of ['map', 'reduce', 'matmul', 'loop'])
    t.ok((wasSplit.get(kind) ?? 0) > 10, `${wasSplit.get(kind)} of kind ${kind} were split`)
  t.end()
})

test('values that a split map hands on are read before they are overwritten', t => {
  const operand = { dtype: 'float64', view: contiguousView([3]) } as const
  const swap: Kernel = {
    kind: 'map',
    shape: [3],
    inputs: [operand, operand],
    body: [inputLine('float64', 0), inputLine('float64', 1)],
    outputs: [
      { ...operand, value: 1 },
      { ...operand, value: 0 },
    ],
  }
  const [a, b] = [Float64Array.of(1, 2, 3), Float64Array.of(4, 5, 6)]
  // Each output over the input that the other is made of.
  runSplit(swap, [a, b, a, b].map(bytesOf))
  t.deepEqual([...a, ...b], [4, 5, 6, 1, 2, 3])
  t.end()
})
