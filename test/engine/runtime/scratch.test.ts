import test from 'tape'
import { compile, device, gradients, type Tensor, tensor } from '../../../engine/index.js'
import { ScratchPool } from '../../../engine/runtime/scratch.js'

/** A pool over memory of so many bytes. */
function poolOf(limit: number) {
  let left = limit
  const owner = {
    alloc(bytes: number) {
      if (bytes > left) throw new RangeError('no more')
      left -= bytes
      return { bytes }
    },
    free({ bytes }: { bytes: number }) {
      left += bytes
    },
  }
  return { pool: new ScratchPool(owner), used: () => limit - left }
}

test('scratch: one after another use the same memory, which is as large as the largest needs', t => {
  const { pool, used } = poolOf(1000)
  const large = pool.take([100, 300, 200])
  t.deepEqual(
    large.map(b => b.bytes),
    [100, 300, 200],
  )
  const small = pool.take([250, 90])
  t.deepEqual([small[0], small[1]], [large[1], large[0]], 'the smallest that fit')
  const more = pool.take([200, 200, 200])
  t.equal(new Set(more).size, 3, 'no two the same')
  t.equal(used(), 800)
  pool.giveBack(large)
  t.equal(used(), 800, 'others still use them')
  pool.giveBack(more)
  t.equal(used(), 400)
  pool.giveBack(small)
  t.equal(used(), 0)
  t.end()
})

test('scratch: where there is no more memory, nothing is kept', t => {
  const { pool, used } = poolOf(500)
  const first = pool.take([300])
  t.throws(() => pool.take([250, 100, 150]), /no more/)
  t.equal(used(), 300)
  pool.giveBack(first)
  t.equal(used(), 0)
  t.end()
})

test('compiled functions share scratch memory, and give the same values by turns', async t => {
  const step = (x: Tensor) => gradients(x.matmul(x).tanh().matmul(x).sum(), x)
  const x = tensor(
    Float32Array.from({ length: 1024 }, (_, i) => Math.sin(i) / 8),
    { shape: [32, 32] },
  )
  for (const name of ['wasm', 'reference']) {
    const given = await x.to(name)
    const runtime = device(name)
    const before = runtime.stats().bytes
    const one = compile(step, { device: name })
    const first = one(given)
    const alone = runtime.stats().bytes - before
    const other = compile((y: Tensor) => step(y).mul(2), { device: name })
    const second = other(given)
    t.ok(runtime.stats().bytes - before < 2 * alone, `${alone} bytes, then ${runtime.stats().bytes - before}`)
    // Both are under way before either is read.
    const again = one(given)
    const [a, b, c] = await Promise.all([first.data(), second.data(), again.data()])
    t.deepEqual(a, c, `${name}: the same bits`)
    t.deepEqual(
      a.map(v => 2 * v),
      b,
    )
    one.dispose()
    t.deepEqual(await other(given).data(), b, 'what is left goes on')
    other.dispose()
  }
})
