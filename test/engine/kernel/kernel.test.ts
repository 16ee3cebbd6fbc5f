import fc from 'fast-check'
import test from 'tape'
import { copyKernel, writeOut } from '../../../engine/kernel/build.js'
import { exactJson, kernelKey, printKernel } from '../../../engine/kernel/kernel.js'
import { contiguousView } from '../../../engine/kernel/shape.js'
import { drawView, values } from '../../../engine/testing/generators/index.js'
import { drawWith } from '../../../engine/testing/index.js'
import { afterRun, anyKernel } from './support.js'

test('keys are equal for kernels that are alike, and for no others', t => {
  fc.assert(
    fc.property(anyKernel(), ({ kernel }) => kernelKey(kernel) === kernelKey(structuredClone(kernel))),
  )
  const numbers = [Number.NaN, Infinity, -Infinity, 0, -0, 1, 1.5]
  const keys = numbers.map(number => kernelKey(copyKernel('float32', [1], number)))
  t.equal(new Set(keys).size, numbers.length, 'constants that JSON does not tell apart')
  t.notEqual(exactJson([Number.NaN]), exactJson([null]))
  t.end()
})

test('every kernel is printed with its kind, its sizes, and a line for each instruction', t => {
  fc.assert(
    fc.property(anyKernel(), ({ kernel }) => {
      const lines = printKernel(kernel).split('\n')
      const bodies =
        kernel.kind === 'map' || kernel.kind === 'reduce' ? kernel.body.length + kernel.inputs.length : 0
      return lines[0].startsWith(kernel.kind) && (kernel.kind === 'loop' || lines.length === 1 + bodies)
    }),
  )
  const view = contiguousView([2])
  const double = {
    kind: 'map',
    shape: [2],
    inputs: [{ dtype: 'float32', view }],
    body: [
      { op: 'input', dtype: 'float32', args: [], value: 0 },
      { op: 'add', dtype: 'float32', args: [0, 0], value: 0 },
    ],
    outputs: [{ dtype: 'float32', view, value: 1 }],
  } as const
  t.equal(printKernel(double), 'map [2] -> %1 +0[1]\n  in0: float32 +0[1]\n  %0 = in0\n  %1 = add(%0, %0)')
  const args = [
    { even: 0, odd: 1, offset: 0, stride: 0 },
    { even: 2, odd: 2, offset: 4, stride: 8 },
  ]
  const loop = {
    kind: 'loop',
    steps: 3,
    reverse: true,
    bytes: [8, 8, 28],
    body: [{ kernel: double, args }],
  } as const
  t.match(printKernel(loop), /^loop 3 reverse\n {2}map \[2\][\s\S]*\n {4}\(#0\/#1\+0\+t\*0, #2\+4\+t\*8\)$/)
  t.end()
})

test('a copy puts a view, or a number, where it is told, and leaves the rest alone', t => {
  const target = { offset: 1, strides: [3, 1] }
  const source = Float32Array.of(1, 2, 3, 4)
  const out = new Float32Array(6).fill(9)
  const copied = afterRun(copyKernel('float32', [2, 2], contiguousView([2, 2]), target), [source, out])
  t.deepEqual([...copied[1]], [9, 1, 2, 9, 3, 4])
  const added = afterRun(copyKernel('float32', [2, 2], 0.5, target, true), [out])
  t.deepEqual([...added[0]], [9, 9.5, 9.5, 9, 9.5, 9.5])
  t.end()
})

test('writing out gives the elements of any view in row-major order, as copying does', t => {
  fc.assert(
    fc.property(fc.gen(), gen => {
      const draw = drawWith(fc, gen)
      const shape = Array.from({ length: draw.int(0, 3) }, () => draw.int(0, 3))
      const { view, length } = drawView(draw, shape)
      const [source, out] = [values('float32', length, 1), new Float32Array(27)]
      const [a, b] = [writeOut, copyKernel].map(build =>
        afterRun(build('float32', shape, view), [source, out]),
      )
      return a[1].every((x, i) => x === b[1][i])
    }),
  )
  t.deepEqual([...afterRun(writeOut('int32', [3], 7), [new Int32Array(3)])[0]], [7, 7, 7])
  t.end()
})
