import fc from 'fast-check'
import test from 'tape'
import { lowerBounds } from '../../../../../engine/devices/wasm/kernels/bounds.js'
import { evaluate, type Instr } from '../../../../../engine/kernel/expr.js'
import { drawOperation, inputLine } from '../../../../../engine/testing/generators/bodies.js'
import { drawWith } from '../../../../../engine/testing/index.js'

const constant = (value: number): Instr => ({ op: 'const', dtype: 'float32', args: [], value })
const line = (op: Instr['op'], ...args: number[]): Instr => ({ op, dtype: 'float32', args, value: 0 })

test('no value of a body is below its bound', t => {
  const float32 = fc.float({ noDefaultInfinity: false, noNaN: false })
  const property = fc.property(fc.gen(), float32, float32, (gen, x, y) => {
    const body = [inputLine('float32', 0), inputLine('float32', 1)]
    const draw = drawWith(fc, gen)
    for (let i = 0; i < 12; i++) drawOperation(draw, ['float32', 'int32'], body)
    const values: number[] = []
    for (const instr of body) {
      const [a, b, c] = instr.args.map(arg => values[arg])
      const value =
        instr.op === 'input'
          ? [x, y][instr.value]
          : instr.op === 'const'
            ? instr.value
            : evaluate(instr, a, b, c)
      values.push(instr.dtype === 'float32' ? Math.fround(value) : value)
    }
    const bounds = lowerBounds(body)
    values.forEach((value, i) => {
      if (value < bounds[i]) throw new Error(`line ${i} of ${JSON.stringify(body)}: ${value} < ${bounds[i]}`)
    })
  })
  fc.assert(property, { numRuns: 2000, includeErrorInReport: true })
  t.pass('2000 random bodies')
  t.end()
})

test('bounds of what logarithms are taken of', t => {
  const x = inputLine('float32', 0)
  const boundOf = (...body: Instr[]) => lowerBounds([x, constant(1), ...body]).at(-1)
  t.equal(boundOf(line('abs', 0), line('add', 1, 2)), 1, '1 + |x|')
  t.equal(boundOf(line('exp', 0), line('add', 2, 1)), 1, 'softplus')
  t.equal(boundOf(line('mul', 0, 0), line('add', 2, 1)), 1, '1 + x²')
  t.equal(boundOf(line('max', 0, 1)), 1, 'a maximum')
  t.equal(boundOf(line('add', 0, 1)), Number.NEGATIVE_INFINITY, '1 + x')
  t.end()
})
