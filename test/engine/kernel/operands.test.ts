import fc from 'fast-check'
import test from 'tape'
import { bytesPerElement, type TypedArray } from '../../../engine/kernel/dtype.js'
import type { Kernel, LoopKernel, SimpleKernel } from '../../../engine/kernel/kernel.js'
import {
  argumentBytes,
  argumentCount,
  dtypesOf,
  leadingAxis,
  operands,
  withLeadingAxis,
  withViews,
  writtenArguments,
} from '../../../engine/kernel/operands.js'
import { contiguousView, type View } from '../../../engine/kernel/shape.js'
import { runs } from '../../effort.js'
import { afterRun, anyKernel, arbitraryKernel, bytesOf, kernelsByKind } from './support.js'

// What operands.ts says of a kernel's arguments, against what the interpreter does with them.

const simpleKinds = (Object.keys(kernelsByKind) as Kernel['kind'][]).filter(kind => kind !== 'loop')

const isEqual = (a: TypedArray, b: TypedArray): boolean => Buffer.compare(bytesOf(a), bytesOf(b)) === 0

/** The same array with every byte of it changed. */
const poisoned = (array: TypedArray): TypedArray => {
  const copy = array.slice()
  bytesOf(copy).forEach((byte, i, bytes) => {
    bytes[i] = byte ^ 0x55
  })
  return copy
}

test('arguments that a kernel reads stay as they were; only those that it writes change', t => {
  const changed = new Set<string>()
  const property = fc.property(anyKernel(), ({ kernel, buffers }) => {
    const after = afterRun(kernel, buffers)
    const written = writtenArguments(kernel)
    buffers.forEach((before, i) => {
      if (isEqual(before, after[i])) return
      if (!written.has(i)) throw new Error(`argument ${i} was written`)
      changed.add(`${kernel.kind} ${i}`)
    })
  })
  fc.assert(property, { numRuns: runs(400), includeErrorInReport: true })
  for (const kind of Object.keys(kernelsByKind))
    t.ok(
      [...changed].some(argument => argument.startsWith(`${kind} `)),
      `${kind} changed ${[...changed].filter(argument => argument.startsWith(`${kind} `)).join(', ')}`,
    )
  t.end()
})

test('what a kernel writes does not depend on what was there, what it updates does', t => {
  const depends = new Set<string>()
  const property = fc.property(
    fc.constantFrom(...simpleKinds).chain(kind => arbitraryKernel(kind)),
    ({ kernel, buffers }) => {
      if (kernel.kind === 'loop') return
      const roles = operands(kernel).map(({ role }) => role)
      const expected = afterRun(kernel, buffers)
      const target = roles.findIndex(role => role !== 'read')
      const { shape, view, dtype } = operands(kernel)[target]
      // Another 1 where it adds to what is there.
      const other = buffers.map((array, i) => (i === target ? array.map(x => x + 1) : array))
      const after = afterRun(kernel, other)
      const positions = positionsOf(shape, view)
      const differs = positions.some(p => !Object.is(after[target][p], expected[target][p]))
      if (roles[target] === 'write' && differs)
        throw new Error(`${kernel.kind}: argument ${target} (${dtype}) is written, but its old value matters`)
      if (roles[target] === 'update' && differs) depends.add(kernel.kind)
    },
  )
  fc.assert(property, { numRuns: runs(400), includeErrorInReport: true })
  t.deepEqual([...depends].sort(), ['copy', 'matmul', 'scatterAdd'], 'those that accumulate')
  t.end()
})

/** Where the elements of a shape are, by a view. */
function positionsOf(shape: readonly number[], { offset, strides }: View): number[] {
  return shape.reduce<number[]>(
    (positions, n, d) => positions.flatMap(p => Array.from({ length: n }, (_, i) => p + i * strides[d])),
    [offset],
  )
}

test('argumentBytes is what a kernel reaches: enough, and no byte too many', t => {
  let touched = 0
  const property = fc.property(
    fc.constantFrom(...simpleKinds).chain(kind => arbitraryKernel(kind)),
    ({ kernel, buffers }) => {
      if (kernel.kind === 'loop') return
      const bytes = argumentBytes(kernel)
      operands(kernel).forEach(({ dtype, shape, view }, i) => {
        const positions = positionsOf(shape, view)
        const least = positions.length ? (Math.max(...positions) + 1) * bytesPerElement(dtype) : 0
        if (bytes[i] !== least) throw new Error(`argument ${i}: ${bytes[i]} bytes, it reaches ${least}`)
      })
      // What lies behind does not matter, and is left alone.
      const size = (i: number) => bytesPerElement(operands(kernel)[i].dtype)
      const expected = afterRun(
        kernel,
        buffers.map((array, i) => array.slice(0, bytes[i] / size(i))),
      )
      const beyond = buffers.map((array, i) => {
        const changed = array.slice()
        changed.set(poisoned(array.slice(bytes[i] / size(i))), bytes[i] / size(i))
        return changed
      })
      afterRun(kernel, beyond).forEach((array, i) => {
        const end = bytes[i] / size(i)
        if (!isEqual(array.slice(0, end), expected[i])) throw new Error(`argument ${i} depends on more`)
        if (!isEqual(array.slice(end), beyond[i].slice(end)))
          throw new Error(`argument ${i}: more is written`)
        touched += end
      })
    },
  )
  fc.assert(property, { numRuns: runs(300), includeErrorInReport: true })
  t.ok(touched > 0, `${touched} elements`)
  t.end()
})

test('argumentBytes refuses what leaves its buffer', t => {
  const flipped = { offset: 1, strides: [-1] }
  const copy = { kind: 'copy', dtype: 'float32', shape: [3], accumulate: false } as const
  t.throws(
    () => argumentBytes({ ...copy, source: flipped, to: contiguousView([3]) }),
    /view \+1\[-1\] of shape \[3\] starts 1 elements before its buffer/,
  )
  const loop = (change: Partial<LoopKernel>, stride = 8, offset = 0): LoopKernel => ({
    kind: 'loop',
    steps: 3,
    reverse: false,
    bytes: [24],
    body: [
      {
        kernel: { ...copy, shape: [2], source: 1, to: contiguousView([2]) },
        args: [{ even: 0, odd: 0, offset, stride }],
      },
    ],
    ...change,
  })
  t.deepEqual(argumentBytes(loop({})), [24], 'three rows of two floats')
  t.deepEqual(argumentBytes(loop({}, -8, 16)), [24], 'from the last to the first')
  t.throws(
    () => argumentBytes(loop({ steps: 4 })),
    /copy in a loop: argument 0 takes bytes 0 to 32 of buffers of 24 and 24/,
  )
  t.throws(() => argumentBytes(loop({}, -8, 8)), /takes bytes -8 to 16/)
  t.deepEqual(argumentBytes(loop({ steps: 0 }, -8)), [24], 'of no steps nothing is asked')
  t.end()
})

test('arity: one operand for each argument, of a loop one for each buffer', t => {
  const property = fc.property(anyKernel(), ({ kernel, buffers }) => argumentCount(kernel) === buffers.length)
  fc.assert(property, { numRuns: runs(100) })
  t.pass('as many as there are buffers')
  t.end()
})

test('dtypesOf names the dtypes of all arguments and of all values in between', t => {
  const property = fc.property(anyKernel(), ({ kernel }) => {
    const all = (k: Kernel): string[] =>
      k.kind === 'loop'
        ? k.body.flatMap(launch => all(launch.kernel))
        : [...operands(k), ...('body' in k ? k.body : [])].map(({ dtype }) => dtype)
    return `${[...dtypesOf(kernel)].sort()}` === `${[...new Set(all(kernel))].sort()}`
  })
  fc.assert(property, { numRuns: runs(100) })
  const view = contiguousView([2])
  const kernel: Kernel = {
    kind: 'map',
    shape: [2],
    inputs: [{ dtype: 'int32', view }],
    body: [
      { op: 'input', dtype: 'int32', args: [], value: 0 },
      { op: 'cast', dtype: 'float64', args: [0], value: 0 },
      { op: 'cast', dtype: 'float32', args: [1], value: 0 },
    ],
    outputs: [{ dtype: 'float32', view, value: 2 }],
  }
  t.deepEqual([...dtypesOf(kernel)].sort(), ['float32', 'float64', 'int32'], 'a value in between')
  t.end()
})

test('withViews replaces what operands says, and nothing else', t => {
  const property = fc.property(
    fc.constantFrom(...simpleKinds).chain(kind => arbitraryKernel(kind)),
    ({ kernel }) => {
      if (kernel.kind === 'loop') return
      const moved = (view: View): View => ({ ...view, offset: view.offset + 3 })
      const before = operands(kernel)
      const after = operands(
        withViews(
          kernel,
          before.map(({ view }) => moved(view)),
        ),
      )
      // Contiguous by definition: the results of reductions and products, and all that has no strides.
      const fixed = (i: number) =>
        ['gather', 'scatterAdd', 'randomBits'].includes(kernel.kind) ||
        (['reduce', 'matmul'].includes(kernel.kind) && before[i].role !== 'read')
      before.forEach((operand, i) => {
        const expected = fixed(i) ? operand : { ...operand, view: moved(operand.view) }
        if (JSON.stringify(after[i]) !== JSON.stringify(expected))
          throw new Error(`argument ${i}: ${JSON.stringify(after[i])}`)
      })
    },
  )
  fc.assert(property, { numRuns: runs(200), includeErrorInReport: true })
  t.pass('views only')
  t.end()
})

test('a kernel cut along its leading axis computes the same, row by row', t => {
  const cut = new Set<string>()
  const property = fc.property(anyKernel(), ({ kernel, buffers }) => {
    if (kernel.kind === 'loop') return
    const rows = leadingAxis(kernel)
    if (!rows) return
    cut.add(kernel.kind)
    const expected = afterRun(kernel, buffers)
    let computed: readonly TypedArray[] = buffers
    for (let row = rows - 1; row >= 0; row--) computed = afterRow(kernel, row, computed)
    computed.forEach((array, i) => {
      if (!isEqual(array, expected[i])) throw new Error(`argument ${i} differs`)
    })
  })
  fc.assert(property, { numRuns: runs(400), includeErrorInReport: true })
  t.deepEqual([...cut].sort(), ['copy', 'gather', 'map', 'matmul', 'randomBits', 'reduce'])
  t.end()
})

/** What is in each argument after one row of a kernel: the same kernel with a leading axis of size 1, from there on. */
function afterRow(kernel: SimpleKernel, row: number, buffers: readonly TypedArray[]): TypedArray[] {
  const views = operands(kernel).map(({ view, followsLeadingAxis }) =>
    followsLeadingAxis ? { ...view, offset: view.offset + row * (view.strides[0] ?? 0) } : view,
  )
  const part = withLeadingAxis(withViews(kernel, views), 1)
  // Operands that are contiguous by definition keep their views: their buffers begin with the row instead.
  const begins = operands(part).map(({ view }, i) => views[i].offset - view.offset)
  const after = afterRun(
    part,
    buffers.map((array, i) => array.slice(begins[i])),
  )
  return buffers.map((array, i) => {
    const whole = array.slice()
    whole.set(after[i], begins[i])
    return whole
  })
}

test('what has no leading axis cannot be cut along it', t => {
  const view = contiguousView([4, 5])
  const body = [{ op: 'input', dtype: 'float32', args: [], value: 0 }] as const
  const reduce = { kind: 'reduce', op: 'sum', dtype: 'float32', shape: [4, 5], body, value: 0 } as const
  const sum = (axes: number) => ({ ...reduce, axes, inputs: [{ dtype: 'float32', view }] }) as const
  const table = { dtype: 'float32', rows: 3, width: 2, count: 4 } as const
  t.equal(leadingAxis(sum(1)), 4)
  t.equal(leadingAxis(sum(2)), undefined, 'a sum of everything')
  t.notOk(operands(sum(2))[0].followsLeadingAxis)
  t.equal(leadingAxis({ kind: 'gather', ...table }), 4, 'rows of a table are looked up one by one')
  t.equal(
    leadingAxis({ kind: 'scatterAdd', ...table, accumulate: true }),
    undefined,
    'any index adds to any row',
  )
  t.throws(
    () => withLeadingAxis({ kind: 'scatterAdd', ...table, accumulate: true }, 1),
    /a scatterAdd has no leading axis/,
  )
  t.equal(leadingAxis({ kind: 'randomBits', streams: 3, count: 5 }), 3)
  t.end()
})
