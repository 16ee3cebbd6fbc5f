import ndarray from 'ndarray'
import test from 'tape'
import {
  adam,
  adamState,
  arange,
  bitsAt,
  compile,
  concat,
  dropout,
  elementwise,
  fold,
  foldKey,
  full,
  gradients,
  keyFromSeed,
  layerNorm,
  oneHot,
  pad,
  randomBits,
  randomKey,
  expr as s,
  scatterAdd,
  setDefaultDevice,
  softmaxCrossEntropy,
  type Tensor,
  tensor,
  threefry2x32,
  uniform,
  zeros,
} from '../../engine/index.js'
import { randomBitsOf } from '../../engine/kernel/threefry.js'

test('tensors from nested arrays, typed arrays and ndarrays, and back', async t => {
  const nested = [
    [1, 2, 3],
    [4, 5, 6],
  ]
  t.deepEqual(await tensor(nested).array(), nested)
  t.deepEqual([...(await tensor(new Int32Array([1, 2, 3, 4]), { shape: [2, 2] }).data())], [1, 2, 3, 4])
  t.equal(tensor(new Float64Array(2)).dtype, 'float64')
  const turned = ndarray(new Float32Array([1, 2, 3, 4, 5, 6]), [2, 3]).transpose(1, 0)
  t.deepEqual(await tensor(turned).array(), [
    [1, 4],
    [2, 5],
    [3, 6],
  ])
  const back = await tensor(nested).ndarray()
  t.deepEqual([back.shape, back.get(1, 2)], [[2, 3], 6])
  t.deepEqual(await tensor([[], []]).array(), [[], []])
  t.equal(await tensor(5).item(), 5)
  t.deepEqual(await full([2], 7, 'int32').array(), [7, 7])
})

test('tensors explain what does not fit', async t => {
  const x = tensor([[1, 2, 3, 4]]).expand(100, 4)
  const k = zeros([2000, 8000])
  t.throws(
    () => x.matmul(k),
    /^RangeError: matmul: \[100,4\] × \[2000,8000\]: inner sizes 4 and 2000 differ \(did you forget concat\(\[x, h\], 1\)\?\)$/,
  )
  t.throws(
    () => tensor([[1, 2], [3]]),
    /tensor: ragged array: 1 elements at \[1\], where an array of 2 is due/,
  )
  t.throws(
    () => tensor(new Float32Array(3), { shape: [2, 2] }),
    /tensor: 3 values do not fill the shape \[2,2\]/,
  )
  t.throws(
    () => tensor([1, 2]).add(tensor([1, 2, 3])),
    /add: \[2\] and \[3\]: sizes 2 and 3 of axis -1 do not broadcast/,
  )
  t.throws(
    () => tensor([1]).add(tensor([1], { dtype: 'int32' })),
    /add: float32 and int32 do not mix; cast one of them first/,
  )
  t.throws(() => tensor([1, 2]).reshape(3), /reshape: 2 elements of \[2\] do not fill \[3\]/)
  t.throws(() => tensor([1, 2]).sum(1), /sum: axis 1 of a tensor with 1 axes; give -1 to 0/)
  t.throws(
    () => concat([tensor([[1]]), tensor([[1, 2]])], 0),
    /concat: \[1,1\], \[1,2\] along axis 0: the other sizes differ/,
  )
  t.throws(() => tensor([1.5]).gather(tensor([0])), /gather: the index is float32; cast it to int32/)
  const many = await tensor([1, 2])
    .item()
    .catch((e: Error) => e.message)
  t.match(String(many), /item: \[2\] holds 2 values/)
  t.throws(() => tensor([1]).assign(new Float32Array(2)), /assign: 2 values do not fill \[1\]/)
  const gone = tensor([1])
  gone.dispose()
  t.match(
    String(
      await gone
        .add(1)
        .data()
        .catch((e: Error) => e.message),
    ),
    /has no value: it was disposed of/,
  )
})

test('numbers beside integers, and places, are checked', t => {
  const i = tensor([2, 4], { dtype: 'int32' })
  t.throws(() => i.mul(0.5), /the number 0.5 is no int32; cast the int32 tensors beside it to a float first/)
  t.throws(() => i.slice(0, 0.5), /slice: 0.5 to the end of axis 0; give integers/)
  t.throws(() => pad(i, 0, -1, 0), /pad: -1 before and 0 after; give integers, 0 or more/)
  t.throws(() => tensor([1, 2, 3]).add(zeros([0])), /add: \[3\] and \[0\]: .* do not broadcast/)
  t.deepEqual(tensor([1]).add(zeros([0])).shape, [0], 'one and none are none')
  const words = ['a'] as unknown as number[]
  t.throws(() => tensor(words), /tensor: ragged array: string at \[0\], where a number is due/)
  t.throws(() => tensor(null as unknown as number), /tensor: ragged array: object at the top/)
  t.throws(() => oneHot(tensor([1]), 2), /oneHot: the index is float32; cast it to int32/)
  const rows = zeros([2, 3])
  t.throws(() => softmaxCrossEntropy(rows, zeros([2])), /the targets are float32; cast them to int32/)
  t.throws(() => softmaxCrossEntropy(rows, zeros([3], 'int32')), /logits \[2,3\] and targets \[3\]/)
  t.end()
})

test('constants that JSON does not tell apart are told apart', async t => {
  for (const name of ['wasm', 'reference']) {
    const bounds = compile(
      (x: Tensor) => [x.min2(Infinity).max2(-Infinity), x.add(NaN), x.mul(0), x.mul(-0)],
      {
        device: name,
      },
    )
    const [same, none, plus, minus] = bounds(tensor([2, 3]))
    t.deepEqual([...(await same.data())], [2, 3], name)
    t.ok((await none.data()).every(Number.isNaN), name)
    t.ok(Object.is((await plus.data())[0], 0) && Object.is((await minus.data())[0], -0), name)
  }
})

test('logsumexp and cross-entropy at their limits', async t => {
  const [inf, big] = [Infinity, 1e30]
  const rows = [
    [-inf, -inf],
    [-inf, 0],
    [inf, 0],
    [NaN, 0],
    [big, big],
    [-big, -big],
    [1000, 1000],
  ]
  const expected = [-inf, 0, inf, NaN, big, -big, 1000 + Math.LN2].map(Math.fround)
  for (const name of ['wasm', 'reference']) {
    const f = compile((x: Tensor) => x.logsumexp(1), { device: name })
    t.deepEqual([...(await f(tensor(rows)).data())], expected, name)
    const masked = compile(
      (x: Tensor, target: Tensor) => {
        const loss = softmaxCrossEntropy(x, target).sum()
        return { loss, gradient: gradients(loss, x) }
      },
      { device: name },
    )
    const result = masked(tensor([[0, 0, -inf]]), tensor([1], { dtype: 'int32' }))
    t.ok(Math.abs((await result.loss.item()) - Math.LN2) < 1e-6, 'a masked class has no part')
    t.deepEqual([...(await result.gradient.data())], [0.5, -0.5, 0], 'and no derivative')
  }
  setDefaultDevice('reference')
  t.equal(await tensor([1e300, 1e300], { dtype: 'float64' }).logsumexp().item(), 1e300)
  t.equal(await tensor([]).logsumexp().item(), -inf, 'of nothing')
  setDefaultDevice('wasm')
})

test('views compose', async t => {
  const x = arange(24).reshape(2, 3, 4)
  t.deepEqual(await x.permute(2, 0, 1).slice(0, 1, 4, 2).flip(2).array(), [
    [
      [9, 5, 1],
      [21, 17, 13],
    ],
    [
      [11, 7, 3],
      [23, 19, 15],
    ],
  ])
  t.deepEqual(await x.transpose().reshape(6, 4).slice(0, 5).array(), [[22, 15, 19, 23]])
  t.deepEqual(await arange(5).windows(0, 3).array(), [
    [0, 1, 2],
    [1, 2, 3],
    [2, 3, 4],
  ])
  t.deepEqual(await pad(arange(2), 0, 1, 2).array(), [0, 0, 1, 0, 0])
  t.deepEqual(await arange(3).slice(0, -2).array(), [1, 2])
})

test('gather and scatterAdd leave out rows that are not there', async t => {
  const table = tensor([
    [1, 2],
    [3, 4],
  ])
  const index = tensor([1, -1, 0, 2], { dtype: 'int32' })
  t.deepEqual(await table.gather(index).array(), [
    [3, 4],
    [0, 0],
    [1, 2],
    [0, 0],
  ])
  t.deepEqual(
    await scatterAdd(
      index,
      tensor([
        [1, 1],
        [5, 5],
        [2, 2],
        [7, 7],
      ]),
      2,
    ).array(),
    [
      [2, 2],
      [1, 1],
    ],
  )
  t.deepEqual(await oneHot(index, 2).array(), [
    [0, 1],
    [0, 0],
    [1, 0],
    [0, 0],
  ])
})

// Vectors of the Random123 distribution (kat_vectors, threefry2x32 with 20 rounds).
test('threefry: known answers', t => {
  const hex = (words: readonly number[]) => words.map(w => (w >>> 0).toString(16).padStart(8, '0'))
  t.deepEqual(hex(threefry2x32([0, 0], 0, 0)), ['6b200159', '99ba4efe'])
  t.deepEqual(hex(threefry2x32([-1, -1], -1, -1)), ['1cb996fc', 'bb002be7'])
  t.deepEqual(hex(threefry2x32([0x13198a2e, 0x03707344], 0x243f6a88, 0x85a308d3)), ['c4923a9c', '483df7a0'])
  t.end()
})

test('threefry: a whole stream at once', t => {
  for (const length of [0, 1, 7, 8, 29]) {
    const all = new Int32Array(length)
    randomBitsOf([3, -5], -2, all)
    t.deepEqual(
      [...all],
      Array.from({ length }, (_, i) => bitsAt([3, -5], -2, i)),
      `${length}`,
    )
  }
  t.end()
})

test('random tensors are functions of key, stream and position', async t => {
  const key = keyFromSeed(42)
  const bits = await randomBits(randomKey(42), [100], 7).data()
  t.deepEqual(
    [...bits],
    Array.from({ length: 100 }, (_, i) => bitsAt(key, 7, i)),
  )
  t.deepEqual([...(await fold(randomKey(42), 5).data())], [...foldKey(key, 5)])
  const u = Array.from(await uniform(randomKey(1), [20000]).data())
  const mean = u.reduce((a, b) => a + b, 0) / u.length
  const variance = u.reduce((a, b) => a + (b - mean) ** 2, 0) / u.length
  t.ok(
    Math.abs(mean - 0.5) < 0.01 && Math.abs(variance - 1 / 12) < 0.003,
    `mean ${mean}, variance ${variance}`,
  )
  t.ok(
    u.every(x => x >= 0 && x < 1),
    'in [0, 1)',
  )
  const dropped = await dropout(full([20000], 1), 0.3, randomKey(3)).data()
  const zero = dropped.filter(x => x === 0).length / dropped.length
  t.ok(Math.abs(zero - 0.3) < 0.01, `${zero} dropped`)
  t.ok(
    dropped.every(x => x === 0 || Math.abs(x - 1 / 0.7) < 1e-6),
    'the rest is scaled',
  )
  t.throws(() => dropout(zeros([1]), 1, randomKey(1)), /dropout: rate 1; give 0 <= rate < 1/)
})

test('functions of many operations agree with plain loops', async t => {
  const logits = [
    [1, 2, -3],
    [1000, -1000, 0],
    [-1e30, 0, 0],
  ]
  const targets = tensor([1, 0, 2], { dtype: 'int32' })
  const nll = await softmaxCrossEntropy(tensor(logits), targets).data()
  const expected = logits.map((row, i) => {
    const top = Math.max(...row)
    return top + Math.log(row.reduce((sum, x) => sum + Math.exp(x - top), 0)) - row[[1, 0, 2][i]]
  })
  t.ok(
    expected.every((x, i) => Math.abs(x - nll[i]) < 1e-5),
    `cross-entropy ${[...nll]}`,
  )
  const x = [1, 2, 4, 9]
  const mean = 4
  const deviation = Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 4)
  const normal = await layerNorm(tensor([x]), full([4], 2), full([4], 1)).data()
  t.ok(
    x.every((v, i) => Math.abs(normal[i] - (2 * (v - mean)) / deviation - 1) < 1e-5),
    'layer normalisation',
  )
})

test("Adam in the reference's form", async t => {
  setDefaultDevice('reference')
  const [beta1, beta2, rate, epsilon] = [0.9, 0.999, 0.1, 1e-8]
  let state = {
    parameters: { w: tensor([1, -2], { dtype: 'float64' }) },
    adam: adamState({ w: tensor([1, -2], { dtype: 'float64' }) }),
  }
  const [w, m, v] = [
    [1, -2],
    [0, 0],
    [0, 0],
  ]
  for (let step = 1; step <= 5; step++) {
    const g = w.map((x, i) => x * (i + step))
    const next = adam(state.parameters, { w: tensor(g, { dtype: 'float64' }) }, state.adam, {
      learningRate: rate,
    })
    state = { parameters: next.parameters, adam: next.state }
    const scale = (rate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step)
    g.forEach((x, i) => {
      m[i] = beta1 * m[i] + (1 - beta1) * x
      v[i] = beta2 * v[i] + (1 - beta2) * x * x
      w[i] -= (scale * m[i]) / (Math.sqrt(v[i]) + epsilon)
    })
  }
  const found = await state.parameters.w.data()
  t.ok(
    w.every((x, i) => Math.abs(x - found[i]) < 1e-9),
    `${[...found]} after five updates`,
  )
})

test('an operation of ten lines works like any other, and its name is taken once', async t => {
  const cube = elementwise('cubeForTest', {
    expr: x => s.mul(x, s.mul(x, x)),
    vjp: (g, [x]) => [g.mul(x.square().mul(3))],
  })
  t.deepEqual(await cube(tensor([2, 3])).array(), [8, 27])
  t.throws(() => elementwise('cubeForTest', { expr: x => x }), /operation 'cubeForTest' is defined twice/)
})
