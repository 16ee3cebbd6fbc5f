import type { DType } from './dtype.js'
import { type Instr, printInstr } from './expr.js'
import type { View } from './shape.js'

/**
 * Kernels: what a device is asked to run. Plain data, so that they can be printed, hashed and sent to a worker. This file
 * says what each kind means; the others of the folder are about them: `expr` (the scalar expressions in maps and
 * reductions), `shape` and `dtype`, `operands` (what a kernel's arguments are), `loop` (where those of a loop's body are
 * in an iteration), `build` (kernels that are asked for often), `split` (simpler kernels for devices that decline one),
 * `shareBuffers` (memory for values that are not needed at the same time) and `threefry` (random numbers).
 *
 * A kernel's arguments are buffers: its inputs in order, then its outputs in order (operands.ts derives from a kernel
 * what each of them is). Offsets and strides count elements, never bytes; a stride may be 0 (broadcast) or negative
 * (flip).
 */

/** An array that a kernel reads: its dtype, and where in its buffer the elements of the kernel's shape are. */
export type Input = { readonly dtype: DType; readonly view: View }

/** A value that a map writes: line `value` of its body, through a view that visits no element twice. */
export type Output = Input & { readonly value: number }

/**
 * One pass over `shape`. `body` is in order of evaluation, outputs point into it. Arguments: inputs, outputs. An output
 * buffer may also be an input buffer when both views are the same, or visit no element in common: each element is read
 * before it is written.
 */
export type MapKernel = {
  readonly kind: 'map'
  readonly shape: readonly number[]
  readonly inputs: readonly Input[]
  readonly body: readonly Instr[]
  readonly outputs: readonly Output[]
}

/**
 * Reduce the last `axes` axes of `shape` (1 or more); the output is contiguous over the axes before them, of dtype
 * `dtype`. What is reduced is line `value` of `body`. The sum of nothing is 0, the maximum of nothing -Infinity (of
 * int32: -2^31). Arguments: inputs, output.
 */
export type ReduceKernel = {
  readonly kind: 'reduce'
  readonly op: 'sum' | 'max'
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly axes: number
  readonly inputs: readonly Input[]
  readonly body: readonly Instr[]
  readonly value: number
}

/**
 * `out[..batch, m, n] = Σ_k a[..batch, m, k] * b[..batch, k, n]`, out contiguous. Views have one stride per batch axis
 * and two more. With `accumulate` the product is added to what is there. Arguments: a, b, out.
 */
export type MatmulKernel = {
  readonly kind: 'matmul'
  readonly dtype: 'float32' | 'float64'
  readonly batch: readonly number[]
  readonly m: number
  readonly n: number
  readonly k: number
  readonly a: View
  readonly b: View
  readonly accumulate: boolean
}

/**
 * `out[i, :] = table[index[i], :]` for `count` indices into a contiguous `[rows, width]` table; a row index outside
 * `0..rows-1` gives zeros. Arguments: table, index (int32), out.
 */
export type GatherKernel = {
  readonly kind: 'gather'
  readonly dtype: DType
  readonly rows: number
  readonly width: number
  readonly count: number
}

/**
 * `out[index[i], :] += source[i, :]` in increasing order of i; indices outside `0..rows-1` are dropped. `out` starts
 * from zeros, or from what is there with `accumulate`. Arguments: index (int32), source, out `[rows, width]`.
 */
export type ScatterAddKernel = {
  readonly kind: 'scatterAdd'
  readonly dtype: DType
  readonly rows: number
  readonly width: number
  readonly count: number
  readonly accumulate: boolean
}

/**
 * Write (or with `accumulate` add) a strided source into a strided part of the output: concatenation, padding, and the
 * adjoint of slices. The rest of the output is left alone. `to` never visits an element twice. With `source` a number
 * there is no input: a fill. Arguments: source (unless a number), out.
 */
export type CopyKernel = {
  readonly kind: 'copy'
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly source: View | number
  readonly to: View
  readonly accumulate: boolean
}

/**
 * Fill with random bits, `count` elements from each of `streams` streams: element i of stream s is
 * `bitsAt(key, stream[s], i)` of threefry.ts. Arguments: key (int32, 2 elements), stream (int32, `streams` elements),
 * out (int32, `[streams, count]`).
 */
export type RandomBitsKernel = {
  readonly kind: 'randomBits'
  readonly streams: number
  readonly count: number
}

/**
 * An argument of a kernel inside a loop: at step t it starts `offset + t * stride` bytes into buffer `even` or `odd` of
 * the loop's own arguments, by the parity of the iteration's number (0, 1, 2 … also when the loop runs in reverse; only
 * `t` itself then runs from steps-1 down to 0). Carries alternate between two buffers; for all else both are the same.
 * loop.ts works the addresses out.
 */
export type LoopArg = {
  readonly even: number
  readonly odd: number
  readonly offset: number
  readonly stride: number
}

/**
 * Run `body` `steps` times, in order, t counting down with `reverse`. Arguments: every buffer that the body touches, the
 * i-th of them `bytes[i]` long. A device may reorder iterations only if it can tell that the result is the same.
 */
export type LoopKernel = {
  readonly kind: 'loop'
  readonly steps: number
  readonly reverse: boolean
  readonly bytes: readonly number[]
  readonly body: readonly { readonly kernel: Kernel; readonly args: readonly LoopArg[] }[]
}

/** A kernel that is no loop. */
export type SimpleKernel =
  | MapKernel
  | ReduceKernel
  | MatmulKernel
  | GatherKernel
  | ScatterAddKernel
  | CopyKernel
  | RandomBitsKernel

/** Whatever a device may be asked to run. */
export type Kernel = SimpleKernel | LoopKernel

/** JSON that tells all numbers apart: plain JSON has no infinities, NaN or negative zero. */
export const exactJson = (value: unknown): string =>
  JSON.stringify(value, (_, v) =>
    typeof v === 'number' && (!Number.isFinite(v) || Object.is(v, -0))
      ? `#${Object.is(v, -0) ? '-0' : v}`
      : v,
  )

/** A string that is equal for kernels that do the same: the key of program caches. */
export const kernelKey = (kernel: Kernel): string => exactJson(kernel)

const printView = (v: View): string => `+${v.offset}[${v.strides.join(',')}]`
const printBody = (inputs: readonly Input[], body: readonly Instr[]): string =>
  [
    ...inputs.map((input, i) => `  in${i}: ${input.dtype} ${printView(input.view)}`),
    ...body.map((instr, i) => `  %${i} = ${printInstr(instr)}`),
  ].join('\n')

/** A kernel for people: one header line, then one line per input and instruction. */
export function printKernel(kernel: Kernel): string {
  switch (kernel.kind) {
    case 'map':
      return `map [${kernel.shape}] -> ${kernel.outputs.map(o => `%${o.value} ${printView(o.view)}`).join(', ')}\n${printBody(kernel.inputs, kernel.body)}`
    case 'reduce':
      return `reduce ${kernel.op} [${kernel.shape}] last ${kernel.axes} -> %${kernel.value}\n${printBody(kernel.inputs, kernel.body)}`
    case 'matmul':
      return `matmul ${kernel.dtype} batch [${kernel.batch}] ${kernel.m}x${kernel.k} ${printView(kernel.a)} by ${kernel.k}x${kernel.n} ${printView(kernel.b)}${kernel.accumulate ? ' accumulate' : ''}`
    case 'gather':
      return `gather ${kernel.dtype} ${kernel.count} of [${kernel.rows},${kernel.width}]`
    case 'scatterAdd':
      return `scatterAdd ${kernel.dtype} ${kernel.count} into [${kernel.rows},${kernel.width}]${kernel.accumulate ? ' accumulate' : ''}`
    case 'copy':
      return `copy ${kernel.dtype} [${kernel.shape}] ${typeof kernel.source === 'number' ? kernel.source : printView(kernel.source)} to ${printView(kernel.to)}${kernel.accumulate ? ' accumulate' : ''}`
    case 'randomBits':
      return `randomBits ${kernel.streams}x${kernel.count}`
    case 'loop': {
      const body = kernel.body.map(({ kernel, args }) => {
        const where = args.map(
          a => `${a.even === a.odd ? `#${a.even}` : `#${a.even}/#${a.odd}`}+${a.offset}+t*${a.stride}`,
        )
        return `${printKernel(kernel)}\n  (${where.join(', ')})`.replace(/^/gm, '  ')
      })
      return `loop ${kernel.steps}${kernel.reverse ? ' reverse' : ''}\n${body.join('\n')}`
    }
    default:
      return kernel satisfies never
  }
}
