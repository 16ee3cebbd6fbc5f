// Orientation: what one thread of the WebAssembly device reaches on this machine, beside the peak of its registers in the
// same run.
// Usage: npm run build && node bench/kernels.js
import { resolveOptions } from '../dist/engine/devices/options.js'
import { Allocator } from '../dist/engine/devices/wasm/allocator.js'
import { ModuleBuilder } from '../dist/engine/devices/wasm/assembly/assembler.js'
import { usize, v128 } from '../dist/engine/devices/wasm/assembly/instructions.js'
import { hostTarget } from '../dist/engine/devices/wasm/assembly/target.js'
import { wasmDevice } from '../dist/engine/devices/wasm/index.js'
import { choosePacking } from '../dist/engine/devices/wasm/matmul/matmul.js'
import { mostPages } from '../dist/engine/devices/wasm/memory.js'
import { wasmOptions } from '../dist/engine/devices/wasm/options.js'
import { sharesColumns } from '../dist/engine/devices/wasm/parallel/columns.js'
import { product, view } from './product.js'

const options = resolveOptions('wasm', wasmOptions, { threads: 1, blas: 'off' })
const target = hostTarget(options.vectors)
const device = wasmDevice(options, target)
const done = device.alloc(4)

/**
 * Least milliseconds of a call, over about `budget` milliseconds. A worker computes: calls are counted in rounds so
 * long that waiting for it costs nothing beside them.
 */
async function milliseconds(call, budget = 400, longEnough = 10) {
  const round = async calls => {
    const start = performance.now()
    for (let i = 0; i < calls; i++) call()
    await device.read(done)
    return performance.now() - start
  }
  let calls = 1
  while ((await round(calls)) < longEnough) calls *= 2
  let best = Number.POSITIVE_INFINITY
  const end = performance.now() + budget
  while (performance.now() < end) best = Math.min(best, (await round(calls)) / calls)
  return best
}

/** GFLOP/s of multiply-adds that touch memory only before and after. */
async function registerPeak() {
  const [accumulators, iterations] = [target.wide ? 24 : 12, 1_000_000]
  const module = new ModuleBuilder()
  const write = f => {
    const start = f.local(usize.const(64))
    const x = f.local(v128.load32_splat(start))
    // Loaded and stored in a row: so V8 finds the neighbours of which it makes wide vectors.
    const sums = Array.from({ length: accumulators }, (_, i) => f.local(v128.load(start, 16 * i)))
    f.repeat(iterations, () => {
      for (const sum of sums) f.set(sum, target.madd(sum, x, x))
    })
    for (const [i, sum] of sums.entries()) f.do(v128.store(start, 16 * i, sum))
  }
  module.export('run', module.define(0, write))
  const { memory } = new Allocator()
  const scratch = new WebAssembly.Global({ value: 'i32', mutable: true }, 0)
  const compiled = new WebAssembly.Module(module.encode(mostPages.i32))
  const { run } = new WebAssembly.Instance(compiled, { env: { memory, scratch } }).exports
  return (8 * accumulators * iterations) / (await milliseconds(run)) / 1e6
}

/** A prepared call of a kernel on random arguments of these lengths. */
function prepared(kernel, lengths) {
  const buffers = lengths.map(length => {
    const buffer = device.alloc(4 * length)
    device.write(
      buffer,
      Float32Array.from({ length }, () => Math.random() - 0.5),
    )
    return buffer
  })
  const program = device.compile(kernel)
  return { call: () => device.run(program, buffers), free: () => buffers.map(b => device.free(b)) }
}

/** Least milliseconds of a kernel on random arguments of these lengths. */
async function time(kernel, lengths) {
  const { call, free } = prepared(kernel, lengths)
  const ms = await milliseconds(call)
  free()
  return ms
}

/** GFLOP/s of a product. */
async function matmul(m, k, n, ...transposed) {
  const kernel = product(m, k, n, ...transposed)
  return (2 * m * n * k) / (await time(kernel, [m * k, k * n, m * n])) / 1e6
}

/** GFLOP/s of a product in a loop over 50 steps, such as the recurrent one: its B is packed once. */
async function matmulInLoop(m, k, n) {
  const steps = 50
  const args = [0, 1, 2].map(buffer => ({ even: buffer, odd: buffer, offset: 0, stride: 0 }))
  const lengths = [m * k, k * n, m * n]
  const bytes = lengths.map(length => 4 * length)
  const body = [{ kernel: product(m, k, n), args }]
  return (
    (2 * m * n * k * steps) /
    (await time({ kind: 'loop', steps, reverse: false, bytes, body }, lengths)) /
    1e6
  )
}

const load = (value, dtype = 'float32') => ({ op: 'input', dtype, args: [], value })
const line = (op, ...args) => ({ op, dtype: 'float32', args, value: 0 })

/** ns per element of an elementwise kernel over 4000 floats (in the inner cache). */
async function unary(op) {
  const input = { dtype: 'float32', view: view(1) }
  const body = [load(0), line(op, 0)]
  const outputs = [{ ...input, value: 1 }]
  return (
    ((await time({ kind: 'map', shape: [4000], inputs: [input], body, outputs }, [4000, 4000])) * 1e6) / 4000
  )
}

/** ns per element of the forward map of an LSTM cell and what its backward pass keeps: four gates in rows of 4H, six outputs. */
async function lstm(rows, width) {
  const whole = { dtype: 'float32', view: view(width, 1) }
  const gate = g => ({ dtype: 'float32', view: { offset: g * width, strides: [4 * width, 1] } })
  const bias = g => ({ dtype: 'float32', view: { offset: g * width, strides: [0, 1] } })
  const inputs = [...[0, 1, 2, 3].map(gate), whole, ...[0, 1, 2, 3].map(bias)]
  const body = inputs.map((_, i) => load(i))
  const emit = (...instr) => body.push(line(...instr)) - 1
  const half = body.push({ op: 'const', dtype: 'float32', args: [], value: 0.5 }) - 1
  const sigmoid = x => emit('add', emit('mul', emit('tanh', emit('mul', x, half)), half), half)
  const [i, j, f, o] = [0, 1, 2, 3].map(g => emit('add', g, 5 + g))
  const [si, tj, sf, so] = [sigmoid(i), emit('tanh', j), sigmoid(f), sigmoid(o)]
  const c = emit('add', emit('mul', sf, 4), emit('mul', si, tj))
  const h = emit('mul', so, emit('tanh', c))
  const outputs = [h, c, si, tj, sf, so].map(value => ({ ...whole, value }))
  const lengths = [
    ...[4, 4, 4, 4].map(g => g * rows * width),
    rows * width,
    ...[4, 4, 4, 4].map(g => g * width),
  ]
  const kernel = { kind: 'map', shape: [rows, width], inputs, body, outputs }
  return ((await time(kernel, [...lengths, ...outputs.map(() => rows * width)])) * 1e6) / (rows * width)
}

/** ns per element of sums over the last axis of a matrix with these strides. */
async function sum(kept, reduced, strides) {
  const kernel = {
    kind: 'reduce',
    op: 'sum',
    dtype: 'float32',
    shape: [kept, reduced],
    axes: 1,
    inputs: [{ dtype: 'float32', view: view(...strides) }],
    body: [load(0)],
    value: 0,
  }
  return ((await time(kernel, [kept * reduced, kept])) * 1e6) / (kept * reduced)
}

/** ns per element of the sums of a matrix's rows: one for each column. */
const sumOverRows = (rows, columns) => sum(columns, rows, [1, columns])
/** ns per element of the sums of a matrix's columns: one for each row. */
const sumOverColumns = (rows, columns) => sum(rows, columns, [columns, 1])

/** ns per element of writing a matrix transposed. */
async function transpose(rows, columns) {
  const kernel = {
    kind: 'copy',
    dtype: 'float32',
    shape: [rows, columns],
    source: view(columns, 1),
    to: view(1, rows),
    accumulate: false,
  }
  return ((await time(kernel, [rows * columns, rows * columns])) * 1e6) / (rows * columns)
}

console.log(device.description)
const peak = await registerPeak()
console.log(`register peak ${peak.toFixed(1)} GFLOP/s`)
const products = [
  [512, 512, 512],
  [100, 64, 256],
  [100, 256, 64, false, true],
  [100, 128, 512],
  [100, 512, 2048],
  [64, 25000, 256, true],
  [68, 24900, 192, true],
  [68, 24900, 128, true],
  [25000, 64, 256],
  [25000, 64, 4],
  [4, 25000, 256, true],
  [1, 256, 1024],
  [100, 64, 64, false, true],
  [16, 16, 16],
]
function report(name, rate) {
  const share = ((100 * rate) / peak).toFixed(0)
  console.log(`${name.padEnd(44)} ${rate.toFixed(1).padStart(6)} GFLOP/s ${share.padStart(4)} %`)
}
for (const [m, k, n, aT, bT] of products) {
  const name = `[${m},${k}]${aT ? ' (A transposed)' : ''} x [${k},${n}]${bT ? ' (B transposed)' : ''}`
  report(name, await matmul(m, k, n, aT, bT))
}
// What each of two threads has of a recurrent product: half of the rows, or of the columns.
for (const hidden of [64, 128, 256, 512, 1024, 2000]) {
  const whole = product(100, hidden + 4, 4 * hidden)
  const byColumns = sharesColumns(target, whole, choosePacking(target, whole))
  const [m, k, n] = byColumns ? [100, whole.k, whole.n / 2] : [50, whole.k, whole.n]
  report(`[${m},${k}] x [${k},${n}] in a loop`, await matmulInLoop(m, k, n))
}
const nanoseconds = {
  exp: await unary('exp'),
  log: await unary('log'),
  tanh: await unary('tanh'),
  sigmoid: await unary('sigmoid'),
  'LSTM map [100,64], 9 inputs, 6 outputs': await lstm(100, 64),
  'sum of [25000,256] over rows': await sumOverRows(25000, 256),
  'sum of [25000,256] over columns': await sumOverColumns(25000, 256),
  'sum of [25000,4] over columns': await sumOverColumns(25000, 4),
  'transpose [512,512]': await transpose(512, 512),
}
for (const [name, ns] of Object.entries(nanoseconds))
  console.log(`${name.padEnd(44)} ${ns.toFixed(2).padStart(6)} ns/element`)
await device.close()
