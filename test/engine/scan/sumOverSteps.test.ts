import test from 'tape'
import {
  explain,
  gradients,
  scan,
  setDefaultDevice,
  type Tensor,
  tensor,
  zeros,
} from '../../../engine/index.js'
import { placeholder } from '../../../engine/ops/index.js'
import { SumOverSteps } from '../../../engine/scan/sumOverSteps.js'
import '../allCells.js'

// Gradients of tensors from outside of a loop are sums over its steps: how each form of sum leaves the loop. That they
// are those of the plain loop is tested for every operation by `checkOperation` (ops/records.test.ts).

setDefaultDevice('reference')

/** What explain says of the gradient of a tensor from outside, used in each step of a loop. */
const saysOf = (shape: readonly number[], use: (w: Tensor, h: Tensor, x: Tensor) => Tensor): string =>
  explain(
    (w: Tensor, h: Tensor, xs: Tensor) => {
      const step = (h: Tensor, x: Tensor) => {
        const next = use(w, h, x).tanh()
        return { carry: next, out: next }
      }
      return gradients(scan(step, h, xs).out.sum(), w)
    },
    [zeros(shape), zeros([2, 4]), zeros([6, 2, 4])],
  )

/** Sizes of the products outside of loops: m x k. */
const productsOutside = (text: string) =>
  [...text.matchAll(/^matmul float32 batch \[\] (\d+x\d+)/gm)].map(m => m[1])

test('of products the sum is one product with the steps inside the contracted axis', t => {
  const text = saysOf([4, 4], (w, h, x) => h.matmul(w).add(x))
  t.match(
    text,
    /^differentiate: the sum over steps of matmul float32 \[4,4\] leaves the loop as one (operation|product)/m,
  )
  t.deepEqual(productsOutside(text), ['4x12'], 'six steps of two rows')
  t.match(text, /^ {2}6 steps in reverse, each 1 map, 1 matmul$/m, 'in the loop only what the carry needs')
  t.end()
})

test('of sums the sum is one sum over the steps, too', t => {
  const text = saysOf([4], (w, h, x) => h.mul(x).add(w))
  t.notOk(/is added up in the loop/.test(text))
  t.match(text, /^reduce sum \[4,6,2\] last 2/m, 'of six steps of two rows')
  t.end()
})

test('linear operations are taken of the sum: views, factors that are the same at all steps, concatenations', t => {
  for (const [what, use] of [
    ['a view', (w: Tensor, h: Tensor, x: Tensor) => h.matmul(w.transpose()).add(x)],
    ['a slice', (w: Tensor, h: Tensor, x: Tensor) => h.matmul(w.flip(0)).add(x)],
    ['a factor', (w: Tensor, h: Tensor, x: Tensor) => h.matmul(w.mul(2).neg()).add(x)],
  ] as const) {
    const text = saysOf([4, 4], use)
    t.notOk(/is added up in the loop/.test(text), what)
    t.deepEqual(productsOutside(text), ['4x12'], what)
  }
  t.end()
})

test('what has no other form is added up in the loop, and explain says why', t => {
  const text = saysOf([2, 4], (w, h, x) => h.mul(w.max(1, true)).add(x.mul(w)))
  t.match(
    text,
    /^differentiate: the sum over steps of .* is added up in the loop: a sum over steps of '\w+' has no other form$/m,
  )
  t.end()
})

test('what is the same at all steps counts once for each', async t => {
  const x = tensor([1, 2])
  const perStep = placeholder([2], 'float32')
  const difference = perStep.sub(x)
  const sums = new SumOverSteps(5, new Set([perStep, difference]), new Set(), false)
  const finish = sums.plan(difference)
  t.deepEqual(
    sums.accumulators.map(({ term }) => term),
    [perStep],
    'only what differs is added up',
  )
  const sum = finish({ stacked: () => zeros([0]), final: () => tensor([100, 200]) })
  t.deepEqual(await sum.array(), [100 - 5 * 1, 200 - 5 * 2])
})
