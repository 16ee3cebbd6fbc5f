import test from 'tape'
import {
  bitsAt,
  compile,
  dropout,
  fold,
  foldKey,
  full,
  keyFromSeed,
  randomBits,
  randomKey,
  type Tensor,
  tensor,
  uniform,
  zeros,
} from '../../engine/index.js'

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
  const masks = ['wasm', 'reference'].map(device =>
    compile((x: Tensor) => dropout(x, 0.9, randomKey(1), 736), { device })(
      tensor(new Float32Array(7440).fill(1)),
    ).data(),
  )
  t.deepEqual(
    [...(await masks[0])],
    [...(await masks[1])],
    'the same mask, also where a number is as near as 0.9',
  )
  t.throws(() => dropout(zeros([1]), 1, randomKey(1)), /dropout: rate 1; give 0 <= rate < 1/)
})
