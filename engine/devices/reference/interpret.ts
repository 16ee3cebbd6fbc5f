import ndarray, { type NdArray } from 'ndarray'
import { bytesPerElement, type DType, hostView, type TypedArray } from '../../kernel/dtype.js'
import { evaluate, type Instr } from '../../kernel/expr.js'
import type {
  CopyKernel,
  GatherKernel,
  Input,
  Kernel,
  LoopKernel,
  MapKernel,
  MatmulKernel,
  RandomBitsKernel,
  ReduceKernel,
  ScatterAddKernel,
  View,
} from '../../kernel/kernel.js'
import { bitsAt } from '../../kernel/threefry.js'

/** Memory of one kernel argument: it starts `offset` bytes into `memory`. */
type Argument = { memory: ArrayBuffer; offset: number }

type Strided = NdArray<TypedArray>

/** The whole argument as a flat array of `dtype`. */
function flat(dtype: DType, arg: Argument, length: number): TypedArray {
  return hostView(dtype, arg.memory, arg.offset, length)
}

/** The argument through a view, as an ndarray. */
function strided(dtype: DType, shape: readonly number[], view: View, arg: Argument): Strided {
  // A buffer may be longer than what is kept in it, and its end no whole element.
  const length = Math.floor((arg.memory.byteLength - arg.offset) / bytesPerElement(dtype))
  const data = flat(dtype, arg, length)
  return ndarray(data, [...shape], [...view.strides], view.offset)
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** Call `visit` for every index of `shape` in row-major order. The array is reused. */
function forEachIndex(shape: readonly number[], visit: (index: number[], position: number) => void): void {
  const index = shape.map(() => 0)
  const total = size(shape)
  for (let position = 0; position < total; position++) {
    visit(index, position)
    for (let d = shape.length - 1; d >= 0 && ++index[d] === shape[d]; d--) index[d] = 0
  }
}

/** Returns a function from an index to the value of every line of `body` there. */
function evaluator(inputs: readonly Strided[], body: readonly Instr[]): (index: number[]) => Float64Array {
  const values = new Float64Array(body.length)
  return index => {
    for (let i = 0; i < body.length; i++) {
      const instr = body[i]
      const [a, b, c] = instr.args
      if (instr.op === 'input') values[i] = inputs[instr.value].get(...index)
      else if (instr.op === 'const') values[i] = instr.value
      else values[i] = evaluate(instr, values[a], values[b], values[c])
    }
    return values
  }
}

const views = (shape: readonly number[], inputs: readonly Input[], args: readonly Argument[]): Strided[] =>
  inputs.map((input, i) => strided(input.dtype, shape, input.view, args[i]))

function map(kernel: MapKernel, args: readonly Argument[]): void {
  const { shape, inputs, body, outputs } = kernel
  const at = evaluator(views(shape, inputs, args), body)
  const out = views(shape, outputs, args.slice(inputs.length))
  forEachIndex(shape, index => {
    const values = at(index)
    outputs.forEach(({ value }, i) => {
      out[i].set(...index, values[value])
    })
  })
}

function reduce(kernel: ReduceKernel, args: readonly Argument[]): void {
  const { op, shape, axes, inputs, body, value } = kernel
  const at = evaluator(views(shape, inputs, args), body)
  const kept = shape.slice(0, shape.length - axes)
  const reduced = shape.slice(shape.length - axes)
  const out = flat(kernel.dtype, args[inputs.length], size(kept))
  const least = kernel.dtype === 'int32' ? -(2 ** 31) : Number.NEGATIVE_INFINITY
  forEachIndex(kept, (outer, position) => {
    let total = op === 'sum' ? 0 : least
    forEachIndex(reduced, inner => {
      const x = at([...outer, ...inner])[value]
      total = op === 'sum' ? total + x : Math.max(total, x)
    })
    out[position] = total
  })
}

function matmul(kernel: MatmulKernel, args: readonly Argument[]): void {
  const { dtype, batch, m, n, k, accumulate } = kernel
  const a = strided(dtype, [...batch, m, k], kernel.a, args[0])
  const b = strided(dtype, [...batch, k, n], kernel.b, args[1])
  const out = flat(dtype, args[2], size(batch) * m * n)
  forEachIndex(batch, (index, position) => {
    const left = a.pick(...index)
    const right = b.pick(...index)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let total = 0
        for (let l = 0; l < k; l++) total += left.get(i, l) * right.get(l, j)
        const at = (position * m + i) * n + j
        out[at] = accumulate ? out[at] + total : total
      }
  })
}

function gather(kernel: GatherKernel, args: readonly Argument[]): void {
  const { dtype, rows, width, count } = kernel
  const table = flat(dtype, args[0], rows * width)
  const index = flat('int32', args[1], count)
  const out = flat(dtype, args[2], count * width)
  for (let i = 0; i < count; i++) {
    const known = index[i] >= 0 && index[i] < rows
    for (let j = 0; j < width; j++) out[i * width + j] = known ? table[index[i] * width + j] : 0
  }
}

function scatterAdd(kernel: ScatterAddKernel, args: readonly Argument[]): void {
  const { dtype, rows, width, count, accumulate } = kernel
  const index = flat('int32', args[0], count)
  const source = flat(dtype, args[1], count * width)
  const out = flat(dtype, args[2], rows * width)
  if (!accumulate) out.fill(0)
  for (let i = 0; i < count; i++) {
    if (index[i] < 0 || index[i] >= rows) continue
    for (let j = 0; j < width; j++) out[index[i] * width + j] += source[i * width + j]
  }
}

function copy(kernel: CopyKernel, args: readonly Argument[]): void {
  const { dtype, shape, source, accumulate } = kernel
  const from = typeof source === 'number' ? undefined : strided(dtype, shape, source, args[0])
  const to = strided(dtype, shape, kernel.to, args[from ? 1 : 0])
  forEachIndex(shape, index => {
    const value = from ? from.get(...index) : (source as number)
    to.set(...index, accumulate ? to.get(...index) + value : value)
  })
}

function randomBits({ streams, count }: RandomBitsKernel, args: readonly Argument[]): void {
  const key = flat('int32', args[0], 2)
  const stream = flat('int32', args[1], streams)
  const out = flat('int32', args[2], streams * count)
  for (let s = 0; s < streams; s++)
    for (let i = 0; i < count; i++) out[s * count + i] = bitsAt([key[0], key[1]], stream[s], i)
}

function loop(kernel: LoopKernel, args: readonly Argument[]): void {
  for (let turn = 0; turn < kernel.steps; turn++) {
    const t = kernel.reverse ? kernel.steps - 1 - turn : turn
    for (const launch of kernel.body) {
      const at = launch.args.map(arg => {
        const { memory, offset } = args[turn % 2 === 0 ? arg.even : arg.odd]
        return { memory, offset: offset + arg.offset + t * arg.stride }
      })
      interpret(launch.kernel, at)
    }
  }
}

/** Run one kernel now. */
export function interpret(kernel: Kernel, args: readonly Argument[]): void {
  switch (kernel.kind) {
    case 'map':
      map(kernel, args)
      break
    case 'reduce':
      reduce(kernel, args)
      break
    case 'matmul':
      matmul(kernel, args)
      break
    case 'gather':
      gather(kernel, args)
      break
    case 'scatterAdd':
      scatterAdd(kernel, args)
      break
    case 'copy':
      copy(kernel, args)
      break
    case 'randomBits':
      randomBits(kernel, args)
      break
    case 'loop':
      loop(kernel, args)
      break
    default:
      kernel satisfies never
  }
}
