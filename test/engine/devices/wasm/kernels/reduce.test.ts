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
