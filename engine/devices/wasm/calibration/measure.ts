import type { Kernel, MatmulKernel } from '../../../kernel/kernel.js'
import { nodeProcess, withV8Flag } from '../../shared/node.js'
import { Allocator } from '../allocator.js'
import type { Target } from '../assembly/target.js'
import type { Blas } from '../matmul/blas.js'
import type { ProductKind } from '../matmul/productKind.js'
import { mostPages } from '../memory.js'
import { shareKernel } from '../parallel/shares.js'
import { Linker } from '../threads/linker.js'

/** Microseconds of a product of some kind, by WebAssembly and by BLAS, on one thread. */
export type Comparison = { readonly webAssembly: number; readonly blas: number }

/** The rows that a thread has of a batch of 100. */
const rows = 50

/** A product of `[m, k] × [k, n]`, of which A may be transposed in memory. */
const product = (m: number, k: number, n: number, transposedA = false): MatmulKernel => ({
  kind: 'matmul',
  dtype: 'float32',
  batch: [],
  m,
  n,
  k,
  a: { offset: 0, strides: transposedA ? [1, m] : [k, 1] },
  b: { offset: 0, strides: [n, 1] },
  accumulate: false,
})

/**
 * Steps of a cell: products by the same weights, one after the other. WebAssembly packs the weights once for all of them;
 * with fewer than some ten steps that would weigh more than it does in reads of 250 bases.
 */
const stepsOf = (hidden: number, steps: number, calls: number) => ({
  kernel: product(rows, hidden, 4 * hidden),
  steps,
  calls,
})

/** What stands for each kind; `calls`: how often it is measured. */
const examples: Readonly<Record<ProductKind, { kernel: MatmulKernel; steps: number; calls: number }>> = {
  small: stepsOf(64, 20, 20),
  medium: stepsOf(256, 20, 10),
  large: stepsOf(724, 12, 4),
  sums: { kernel: product(128, 1500, 512, true), steps: 1, calls: 12 },
}

/** A loop of `steps` products of the same operands; the product itself if it is one. */
function repeated(kernel: MatmulKernel, steps: number): Kernel {
  if (steps === 1) return kernel
  const args = [0, 1, 2].map(buffer => ({ even: buffer, odd: buffer, offset: 0, stride: 0 }))
  return { kind: 'loop', steps, reverse: false, bytes: bytesOf(kernel), body: [{ kernel, args }] }
}

const bytesOf = ({ m, k, n }: MatmulKernel): number[] => [m * k, k * n, m * n].map(length => 4 * length)

/** Time that the processor has given this process, which other processes disturb little; on Windows that is too coarse. */
function microseconds(): number {
  const process = nodeProcess()
  if (!process || process.platform === 'win32') return 1000 * performance.now()
  const { user, system } = process.cpuUsage()
  return user + system
}

/** A call of a kernel, as a device would make it on one thread; its arguments are not zero. */
function prepared(
  target: Target,
  allocator: Allocator,
  kernel: Kernel,
  pointers: readonly number[],
  blas?: string,
) {
  const { module, packedBytes } = shareKernel(target, kernel, 1)
  const [packed, scratch] = [packedBytes, module.scratchBytes].map(bytes => allocator.alloc(bytes))
  const linker = new Linker(allocator.memory)
  const run = linker.link({ module: module.encode(mostPages.i32), blas })
  linker.scratch = scratch
  return {
    call: () => run(...pointers, packed, 0),
    free: () => [packed, scratch].map(pointer => allocator.free(pointer)),
  }
}

/**
 * Times of products of a kind by WebAssembly and by BLAS: the least of some calls, in alternation. Takes some ten
 * milliseconds, and 20 MB of memory. Loads the library.
 */
export function compareProducts(target: Target, library: Blas, kind: ProductKind): Comparison {
  const { kernel, steps, calls } = examples[kind]
  const allocator = new Allocator()
  const pointers = bytesOf(kernel).map(bytes => {
    const pointer = allocator.alloc(bytes)
    new Float32Array(allocator.memory.buffer, pointer, bytes / 4).fill(0.5)
    return pointer
  })
  const whole = repeated(kernel, steps)
  const ways = [
    prepared(target, allocator, whole, pointers),
    prepared(
      { ...target, sgemm: { unpacked: library.unpacked } },
      allocator,
      whole,
      pointers,
      library.load(),
    ),
  ]
  const least = ways.map(() => Number.POSITIVE_INFINITY)
  // V8 compiles a function when it is first called; by its second compiler at once, as it would with time.
  withV8Flag('liftoff', false, () => {
    for (const { call } of ways) call()
  })
  for (let i = 0; i < calls; i++)
    for (const [way, { call }] of ways.entries()) {
      const start = microseconds()
      call()
      least[way] = Math.min(least[way], (microseconds() - start) / steps)
    }
  const [webAssembly, blas] = least
  return { webAssembly, blas }
}
