// Orientation: products by WebAssembly, by the system's BLAS, and by BLAS on a B that was packed once for many products, in
// alternation, on one thread, and which of WebAssembly and BLAS the device takes: the figures behind the rules in
// engine/devices/wasm/matmul/sgemm.ts and packedSgemm.ts.
// Usage: npm run build && node bench/blas.js [library]
import { resolveOptions } from '../dist/engine/devices/options.js'
import { Allocator } from '../dist/engine/devices/wasm/allocator.js'
import { ModuleBuilder } from '../dist/engine/devices/wasm/assembly/assembler.js'
import { hostTarget } from '../dist/engine/devices/wasm/assembly/target.js'
import { Blas } from '../dist/engine/devices/wasm/matmul/blas.js'
import { blasImports } from '../dist/engine/devices/wasm/matmul/blasLibrary.js'
import { defineMatmul } from '../dist/engine/devices/wasm/matmul/matmul.js'
import { definePackedSgemm, sgemmPacking } from '../dist/engine/devices/wasm/matmul/packedSgemm.js'
import { definePacking, packedBytes } from '../dist/engine/devices/wasm/matmul/packing.js'
import { defineSgemm, sgemmImport, usesSgemm } from '../dist/engine/devices/wasm/matmul/sgemm.js'
import { mostPages } from '../dist/engine/devices/wasm/memory.js'
import { wasmOptions } from '../dist/engine/devices/wasm/options.js'
import { product } from './product.js'

const target = hostTarget(resolveOptions('wasm', wasmOptions).vectors)
const blas = Blas.choose(process.argv[2] ?? 'on')
const path = blas.load()
if (path === undefined) {
  console.error(`${blas.description}; apt-get install libopenblas0-pthread, or give a library's path`)
  process.exit(1)
}
console.log(blas.description)

/** The device's target, with BLAS. */
const withBlas = { ...target, sgemm: blas }
const allocator = new Allocator()
const scratch = new WebAssembly.Global({ value: 'i32', mutable: true }, 0)

/** A call of the function that a module exports, on `pointers`, with scratch memory of its own. */
function prepared(builder, pointers) {
  scratch.value = allocator.alloc(builder.scratchBytes)
  const { memory } = allocator
  const env = { memory, scratch, ...(builder.imports.length && blasImports(path, memory)) }
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(builder.encode(mostPages.i32)), { env })
    .exports
  const pointer = scratch.value
  return {
    call() {
      scratch.value = pointer
      run(...pointers)
    },
    free: () => allocator.free(pointer),
  }
}

/** A module that exports the function that `define` defines in it. */
function moduleOf(define, imports = []) {
  const builder = new ModuleBuilder(imports)
  builder.export('run', define(builder))
  return builder
}

/** Least microseconds of each of several calls, over `rounds` in which each is repeated for some milliseconds. */
function interleaved(calls, rounds = 10, milliseconds = 10) {
  const best = calls.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round <= rounds; round++)
    for (const [i, call] of calls.entries()) {
      const end = performance.now() + milliseconds
      do {
        const start = performance.now()
        call()
        // The first round warms up.
        if (round > 0) best[i] = Math.min(best[i], 1000 * (performance.now() - start))
      } while (performance.now() < end)
    }
  return best
}

/** Least microseconds of a product in each of the ways, and whether the device leaves it to BLAS. */
function measure(m, k, n, transposedA, transposedB) {
  const kernel = product(m, k, n, transposedA, transposedB)
  const pointers = [m * k, k * n, m * n].map(length => {
    const pointer = allocator.alloc(4 * length)
    const array = new Float32Array(allocator.memory.buffer, pointer, length)
    for (let i = 0; i < length; i++) array[i] = Math.random() - 0.5
    return pointer
  })
  const packing = sgemmPacking(withBlas, kernel)
  const candidates = [
    prepared(
      moduleOf(module => defineMatmul(target, module, kernel)),
      pointers,
    ),
    prepared(
      moduleOf(module => defineSgemm(withBlas, module, kernel), [sgemmImport]),
      pointers,
    ),
  ]
  if (packing) {
    const packed = allocator.alloc(packedBytes(packing, kernel))
    const pack = prepared(
      moduleOf(module => definePacking(withBlas, module, packing, kernel)),
      [pointers[1], packed],
    )
    pack.call()
    pack.free()
    const multiply = moduleOf(module => definePackedSgemm(withBlas, module, kernel, packing), [sgemmImport])
    candidates.push(prepared(multiply, [...pointers, packed]))
    pointers.push(packed)
  }
  const microseconds = interleaved(candidates.map(candidate => candidate.call))
  for (const candidate of candidates) candidate.free()
  for (const pointer of pointers) allocator.free(pointer)
  return { microseconds, taken: usesSgemm(withBlas, kernel) }
}

/** Rows, inner size, columns; then what is transposed in memory: A, B. */
const groups = {
  'a step of an LSTM, forward and backward (H = 16 … 1024)': [
    16, 24, 32, 48, 64, 128, 256, 512, 1024,
  ].flatMap(hidden => [
    [50, hidden, 4 * hidden],
    [50, 4 * hidden, hidden, false, true],
  ]),
  'the same with 100 rows': [64, 256, 512].map(hidden => [100, hidden, 4 * hidden]),
  'few rows': [1, 2, 4, 8, 12, 16].flatMap(rows => [
    [rows, 64, 256],
    [rows, 256, 1024],
  ]),
  'few columns': [4, 8, 16].flatMap(columns => [
    [500, 64, columns],
    [500, 256, columns],
  ]),
  'small squares': [8, 16, 32, 64, 128].map(size => [size, size, size]),
  'weight gradients (2500 and 25000 rows of inputs)': [
    [32, 2500, 128, true],
    [64, 2500, 256, true],
    [256, 2500, 1024, true],
    [4, 2500, 256, true],
    [64, 25000, 256, true],
    [4, 25000, 1024, true],
  ],
  'all steps at once': [
    [25000, 4, 256],
    [25000, 64, 4],
    [25000, 256, 4],
    [25000, 64, 256],
  ],
}

for (const [title, shapes] of Object.entries(groups)) {
  console.log(
    `\n${title.padEnd(34)}     WebAssembly              BLAS         gain  taken        BLAS, packed`,
  )
  for (const [m, k, n, transposedA = false, transposedB = false] of shapes) {
    const { microseconds, taken } = measure(m, k, n, transposedA, transposedB)
    const [ours, theirs, packed = ''] = microseconds.map(
      us => `${us.toFixed(1).padStart(9)} µs ${((2 * m * n * k) / us / 1000).toFixed(0).padStart(4)} GFLOP/s`,
    )
    const name = `[${m},${k}]${transposedA ? 'ᵀ' : ''} × [${k},${n}]${transposedB ? 'ᵀ' : ''}`
    const gain = (microseconds[0] / microseconds[1]).toFixed(2).padStart(6)
    const by = (taken ? 'BLAS' : 'WebAssembly').padEnd(11)
    console.log(`${name.padEnd(26)} ${ours} ${theirs} ${gain}  ${by} ${packed}`.trimEnd())
  }
}
