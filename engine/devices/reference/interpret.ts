import ndarray, { type NdArray } from 'ndarray'
import { asElement, bytesPerElement, hostView, type TypedArray } from '../../kernel/dtype.js'
import { evaluate, type Instr } from '../../kernel/expr.js'
import type {
  CopyKernel,
  GatherKernel,
  Kernel,
  LoopKernel,
  MapKernel,
  MatmulKernel,
  RandomBitsKernel,
  ReduceKernel,
  ScatterAddKernel,
} from '../../kernel/kernel.js'
import { bufferAt, byteAt, iterations } from '../../kernel/loop.js'
import { type Operand, operands } from '../../kernel/operands.js'
import { type Shape, sizeOf } from '../../kernel/shape.js'
import { bitsAt } from '../../kernel/threefry.js'

/** Memory of one kernel argument: it starts `offset` bytes into `memory`. */
type Argument = { memory: ArrayBuffer; offset: number }

/** An argument seen through its kernel's view. */
type Strided = NdArray<TypedArray>

/** A kernel's operand as an array over its argument's memory. */
function stridedArray({ dtype, shape, view }: Operand, { memory, offset }: Argument): Strided {
  // A buffer may be longer than what is kept in it, and its end no whole element.
  const length = Math.floor((memory.byteLength - offset) / bytesPerElement(dtype))
  return ndarray(hostView(dtype, memory, offset, length), [...shape], [...view.strides], view.offset)
}

/** Call `visit` for every index of `shape` in row-major order. The array is reused. */
function forEachIndex(shape: Shape, visit: (index: number[]) => void): void {
  const index = shape.map(() => 0)
  const total = sizeOf(shape)
  for (let position = 0; position < total; position++) {
    visit(index)
    for (let d = shape.length - 1; d >= 0 && ++index[d] === shape[d]; d--) index[d] = 0
  }
}

/** Returns a function from an index to the values of all lines of `body` there. The array is reused. */
function evaluator(inputs: readonly Strided[], body: readonly Instr[]): (index: number[]) => Float64Array {
  const values = new Float64Array(body.length)
  return index => {
    for (let i = 0; i < body.length; i++) {
      const instr = body[i]
      const [a, b, c] = instr.args
      if (instr.op === 'input') values[i] = inputs[instr.value].get(...index)
      else if (instr.op === 'const') values[i] = asElement(instr.dtype, instr.value)
      else values[i] = evaluate(instr, values[a], values[b], values[c])
    }
    return values
  }
}

function map({ shape, inputs, body, outputs }: MapKernel, args: readonly Strided[]): void {
  const valuesAt = evaluator(args, body)
  forEachIndex(shape, index => {
    const values = valuesAt(index)
    outputs.forEach(({ value }, i) => {
      args[inputs.length + i].set(...index, values[value])
    })
  })
}

function reduce({ op, dtype, shape, axes, body, value }: ReduceKernel, args: readonly Strided[]): void {
  const valuesAt = evaluator(args, body)
  const out = args[args.length - 1]
  const kept = shape.length - axes
  const least = dtype === 'int32' ? -(2 ** 31) : Number.NEGATIVE_INFINITY
  forEachIndex(shape.slice(0, kept), outer => {
    let total = op === 'sum' ? 0 : least
    forEachIndex(shape.slice(kept), inner => {
      const x = valuesAt([...outer, ...inner])[value]
      total = op === 'sum' ? total + x : Math.max(total, x)
    })
    out.set(...outer, total)
  })
}

function matmul({ batch, m, n, k, accumulate }: MatmulKernel, [a, b, out]: readonly Strided[]): void {
  forEachIndex(batch, index => {
    const [left, right, product] = [a, b, out].map(matrices => matrices.pick(...index))
    forEachIndex([m, n], ([i, j]) => {
      let total = 0
      for (let l = 0; l < k; l++) total += left.get(i, l) * right.get(l, j)
      product.set(i, j, accumulate ? product.get(i, j) + total : total)
    })
  })
}

function gather({ rows, width, count }: GatherKernel, [table, index, out]: readonly Strided[]): void {
  forEachIndex([count, width], ([i, j]) => {
    const row = index.get(i)
    out.set(i, j, row >= 0 && row < rows ? table.get(row, j) : 0)
  })
}

function scatterAdd(
  { rows, width, count, accumulate }: ScatterAddKernel,
  [index, source, out]: readonly Strided[],
): void {
  if (!accumulate) forEachIndex([rows, width], ([i, j]) => out.set(i, j, 0))
  forEachIndex([count, width], ([i, j]) => {
    const row = index.get(i)
    if (row >= 0 && row < rows) out.set(row, j, out.get(row, j) + source.get(i, j))
  })
}

function copy({ dtype, shape, source, accumulate }: CopyKernel, args: readonly Strided[]): void {
  const to = args[args.length - 1]
  forEachIndex(shape, index => {
    const value = typeof source === 'number' ? asElement(dtype, source) : args[0].get(...index)
    to.set(...index, accumulate ? to.get(...index) + value : value)
  })
}

function randomBits({ streams, count }: RandomBitsKernel, [key, stream, out]: readonly Strided[]): void {
  forEachIndex([streams, count], ([s, i]) => {
    out.set(s, i, bitsAt([key.get(0), key.get(1)], stream.get(s), i))
  })
}

function loop(kernel: LoopKernel, args: readonly Argument[]): void {
  for (const iteration of iterations(kernel))
    for (const launch of kernel.body)
      interpret(
        launch.kernel,
        launch.args.map(arg => {
          const { memory, offset } = args[bufferAt(arg, iteration)]
          return { memory, offset: offset + byteAt(arg, iteration) }
        }),
      )
}

/**
 * Run one kernel at once, in float64 arithmetic. `args`: its inputs, then its outputs (of a loop: its buffers).
 */
export function interpret(kernel: Kernel, args: readonly Argument[]): void {
  if (kernel.kind === 'loop') {
    loop(kernel, args)
    return
  }
  const views = operands(kernel).map((operand, i) => stridedArray(operand, args[i]))
  switch (kernel.kind) {
    case 'map':
      map(kernel, views)
      break
    case 'reduce':
      reduce(kernel, views)
      break
    case 'matmul':
      matmul(kernel, views)
      break
    case 'gather':
      gather(kernel, views)
      break
    case 'scatterAdd':
      scatterAdd(kernel, views)
      break
    case 'copy':
      copy(kernel, views)
      break
    case 'randomBits':
      randomBits(kernel, views)
      break
    default:
      kernel satisfies never
  }
}
