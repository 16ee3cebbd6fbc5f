import test from 'tape'
import { devices, inputLine, runOn, values } from '../support.js'

test('reduce: long sums keep their precision', async t => {
  const length = 300_001
  const data = values('float32', 4 * length, 9).map(x => x + 3)
  const one = { dtype: 'float32' as const, view: { offset: 0, strides: [1] } }
  const body = [inputLine('float32', 0)]
  const sum = { kind: 'reduce', op: 'sum', dtype: 'float32', axes: 1, body, value: 0 } as const
  let want = 0
  for (let i = 0; i < length; i++) want += data[i]
  const columns = [0, 1, 2, 3].map(c => {
    let total = 0
    for (let i = 0; i < length; i++) total += data[4 * i + c]
    return total
  })
  for (const device of devices) {
    const along = await runOn(device, { ...sum, shape: [length], inputs: [one] }, [data, new Float32Array(1)])
    t.ok(Math.abs(along[1][0] / want - 1) < 1e-7, 'along a contiguous axis')
    const transposed = { dtype: 'float32' as const, view: { offset: 0, strides: [1, 4] } }
    const across = await runOn(device, { ...sum, shape: [4, length], inputs: [transposed] }, [
      data,
      new Float32Array(4),
    ])
    t.ok(
      columns.every((c, i) => Math.abs(across[1][i] / c - 1) < 1e-7),
      'across columns',
    )
    const withInfinity = data.with(7, Number.POSITIVE_INFINITY)
    const infinite = await runOn(device, { ...sum, shape: [length], inputs: [one] }, [
      withInfinity,
      new Float32Array(1),
    ])
    t.equal(infinite[1][0], Number.POSITIVE_INFINITY, 'infinity stays infinity')
  }
  t.end()
})

test('reduce: long sums of many columns are summed by rows, in the same order as those of few', async t => {
  const [groups, columns, pieces, rows] = [2, 101, 3, 71]
  const size = groups * columns * pieces * rows
  const data = [values('float32', size, 3), values('float32', 2 * columns * rows, 4)]
  // Kept: groups and columns; reduced: pieces and rows, the rows backwards and the second operand without groups and pieces.
  const views = [
    { offset: (rows - 1) * columns, strides: [pieces * rows * columns, 1, rows * columns, -columns] },
    { offset: 1, strides: [0, 2, 0, 2 * columns] },
  ]
  const body = [
    ...views.map((_, i) => inputLine('float32', i)),
    { op: 'mul', dtype: 'float32', args: [0, 1], value: 0 } as const,
  ]
  /** The sums of `count` columns from `first` on. */
  const sums = async (device: (typeof devices)[number], first: number, count: number) => {
    const inputs = views.map(({ offset, strides }) => ({
      dtype: 'float32' as const,
      view: { offset: offset + first * strides[1], strides },
    }))
    const shape = [groups, count, pieces, rows]
    const kernel = {
      kind: 'reduce',
      op: 'sum',
      dtype: 'float32',
      axes: 2,
      shape,
      inputs,
      body,
      value: 2,
    } as const
    const results = await runOn(device, kernel, [...data, new Float32Array(groups * count)])
    return Array.from({ length: groups }, (_, g) => [...results[2].subarray(g * count, (g + 1) * count)])
  }
  for (const device of devices) {
    const all = await sums(device, 0, columns)
    const [left, middle, right] = [
      await sums(device, 0, 40),
      await sums(device, 40, 40),
      await sums(device, 80, columns - 80),
    ]
    t.deepEqual(
      all,
      left.map((row, g) => [...row, ...middle[g], ...right[g]]),
    )
  }
  t.end()
})
