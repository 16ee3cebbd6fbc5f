import test from 'tape'
import {
  concat,
  explain,
  gradients,
  scan,
  setDefaultDevice,
  type Tensor,
  tensor,
  zeros,
} from '../../../engine/index.js'
import { bodyOf, loopsOf } from '../lower/support.js'
import { kernelsFor } from './support.js'

setDefaultDevice('reference')

const args = { w: zeros([4, 4]), h: zeros([2, 4]), xs: zeros([6, 2, 4]) }
type Args = typeof args

/** The gradient of a loop's last carry with respect to what it starts from. */
const gradientOf =
  (step: (h: Tensor, x: Tensor, w: Tensor) => Tensor, wrt: keyof Args = 'h') =>
  (a: Args) => {
    const { carry } = scan((h: Tensor, x: Tensor) => ({ carry: step(h, x, a.w), out: h }), a.h, a.xs)
    return gradients(carry.sum(), a[wrt])
  }

const keptIn = (text: string): string[] =>
  [...text.matchAll(/^differentiate: (.*) is kept for the backward loop/gm)].map(m => m[1])

test('the backward loop runs the other way round, over a body that was differentiated once', t => {
  const kernels = kernelsFor(
    gradientOf((h, x, w) => h.matmul(w).add(x).tanh()),
    args,
  )
  const loops = loopsOf(kernels)
  t.deepEqual(
    loops.map(({ steps, reverse }) => [steps, reverse]),
    [
      [6, false],
      [6, true],
    ],
  )
  t.deepEqual(loops.map(bodyOf), ['matmul map', 'map matmul'])
  const again = kernelsFor((a: Args) => {
    const step = (h: Tensor, x: Tensor) => ({ carry: h.mul(x).tanh(), out: h })
    return gradients(scan(step, a.h, a.xs, { reverse: true }).carry.sum(), a.h)
  }, args)
  t.deepEqual(
    loopsOf(again).map(({ reverse }) => reverse),
    [true, false],
  )
  t.end()
})

test('of a loop that is linear in its carry nothing is kept', t => {
  const text = explain(
    gradientOf((h, x, w) => h.matmul(w).add(x)),
    [args],
  )
  t.deepEqual(keptIn(text), [])
  t.notOk(/^loop 6$/m.test(text), 'nor is it run forwards')
  t.end()
})

test('what a few operations give from what is kept anyway is worked out again instead of kept', t => {
  const text = explain(
    gradientOf((h, x) => h.mul(x).tanh().exp()),
    [args],
  )
  t.match(text, /^differentiate: .* is not kept: the backward loop works it out again$/m)
  t.match(text, /^differentiate: the backward loop of 6 steps reads an input of the step, float32 \[2,4\]$/m)
  t.end()
})

test('of what is read in slices only the slices are kept, and the whole is not computed', t => {
  // The derivative reads the first gate before its activation.
  const gates = (sum: Tensor) => {
    const [i, j] = sum.split(1, 2)
    return i.square().sigmoid().mul(j.sigmoid())
  }
  const says = (use: (sum: Tensor, w: Tensor) => Tensor) =>
    explain(
      gradientOf((h, _, w) => use(h.matmul(concat([w, w], 1)).mul(0.5), w)),
      [args],
    )
  const sliced = says(gates)
  t.deepEqual(keptIn(sliced).sort(), ['sigmoid float32 [2,4]', 'slice float32 [2,4]'])
  t.match(sliced, /^ {2}6 steps, each 1 matmul, 1 map$/m)
  const readWhole = says((sum, w) => gates(sum).add(sum.square().matmul(concat([w, w]))))
  t.deepEqual(keptIn(readWhole), ['mul float32 [2,8]'], 'what something else reads is kept as a whole')
  t.end()
})

test('values that products give are kept', t => {
  const text = explain(
    gradientOf((h, x, w) => h.matmul(w).add(x).tanh().mul(x).exp()),
    [args],
  )
  t.ok(keptIn(text).length === 1, keptIn(text).join(', '))
  t.end()
})

test('cotangents that nobody needs are not computed', t => {
  const step = (h: Tensor, x: Tensor, w: Tensor) => h.matmul(w).add(x).tanh()
  const [ofH, ofW] = (['h', 'w'] as const).map(wrt => explain(gradientOf(step, wrt), [args]))
  t.notOk(/sum over steps/.test(ofH), 'of the matrix')
  t.match(ofW, /sum over steps/)
  t.end()
})

test('integers in the carry have no cotangents, and count on', async t => {
  const xs = tensor(Float64Array.of(2, 3, 5))
  const h = tensor(1, { dtype: 'float64' })
  const step = (state: { h: Tensor; n: Tensor }, x: Tensor) => ({
    carry: { h: state.h.mul(x).mul(state.n.cast('float64')), n: state.n.add(1) },
    out: x,
  })
  const last = scan(step, { h, n: tensor(1, { dtype: 'int32' }) }, xs).carry.h
  const slopes = gradients(last, { xs, h })
  // 2 * 1 * 3 * 2 * 5 * 3
  t.equal(await last.item(), 180)
  t.deepEqual(await slopes.xs.array(), [180 / 2, 180 / 3, 180 / 5])
  t.equal(await slopes.h.item(), 180)
})

test('gradients of gradients of a loop', async t => {
  // h after two steps of h * h * x: (h² x)² x = h⁴ x³.
  const h = tensor(1.5, { dtype: 'float64' })
  const xs = tensor(Float64Array.of(2, 2))
  const y = scan((c: Tensor, x: Tensor) => ({ carry: c.square().mul(x), out: c }), h, xs).carry
  const first = gradients(y, h)
  const second = gradients(first, h)
  const third = gradients(second, h)
  t.deepEqual(
    await Promise.all([y, first, second, third].map(async d => Math.round((await d.item()) * 1e9) / 1e9)),
    [1.5 ** 4 * 8, 4 * 1.5 ** 3 * 8, 12 * 1.5 ** 2 * 8, 24 * 1.5 * 8],
  )
})
