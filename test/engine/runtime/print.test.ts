import { inspect } from 'node:util'
import test from 'tape'
import { arange, ones, realise, tensor, zeros } from '../../../engine/index.js'
import { printValues } from '../../../engine/runtime/print.js'

test('console.log shows dtype, shape, and the values that are known', async t => {
  const x = tensor([
    [1, 2.5],
    [30, -4.123456789],
  ])
  t.equal(inspect(x), 'Tensor float32 [2,2]\n[[       1,      2.5],\n [      30, -4.12346]]')
  const y = x.add(1)
  t.match(
    inspect(y),
    /^Tensor float32 \[2,2\], not computed yet \(add\); await t\.print\(\) prints its values$/,
  )
  realise([y])
  t.match(inspect(y), /^Tensor float32 \[2,2\], on device 'wasm'; await t\.print\(\)/)
  await y.data()
  t.match(inspect({ y }), /y: Tensor float32 \[2,2\]\n.*\[\[ {7}2, {6}3\.5\]/)
  y.assign(new Float32Array(4))
  t.match(inspect(y), /on device 'wasm'/, 'what was read is not the value any more')
  await y.data()
  t.match(inspect(y), /on device 'wasm'/)
  y.dispose()
  t.match(inspect(y), /^Tensor float32 \[2,2\], without a value: it was disposed of$/)
  t.equal(inspect(tensor(3, { dtype: 'int32' })), 'Tensor int32 [] 3')
  t.equal(inspect(zeros([0, 2])), 'Tensor float32 [0,2]\n[]')
  t.equal(inspect(ones([1, 2, 1])), 'Tensor float32 [1,2,1]\n[[[1],\n  [1]]]')
})

test('print computes and prints; of many values it leaves out the middle', async t => {
  const { log } = console
  const lines: string[] = []
  console.log = (line: string) => void lines.push(line)
  try {
    await tensor([Number.NaN, 1e30, 0.1]).mul(1).print()
    await arange(2000).print()
  } finally {
    console.log = log
  }
  t.deepEqual(lines, ['float32 [3] [NaN, 1e+30, 0.1]', 'int32 [2000] [0, 1, 2, …, 1997, 1998, 1999]'])
  const rows = printValues('int32', [100, 20], new Int32Array(2000)).split('\n')
  t.deepEqual([rows.length, rows[1], rows[4]], [8, '[[0, 0, 0, …, 0, 0, 0],', ' …,'])
})
