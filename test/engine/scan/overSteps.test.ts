import fc from 'fast-check'
import test from 'tape'
import { explain, scan, stack, type Tensor, zeros } from '../../../engine/index.js'
import { placeholder } from '../../../engine/ops/index.js'
import { overSteps } from '../../../engine/scan/overSteps.js'
import {
  applyCase,
  casesOf,
  type DrawnCase,
  inputsOf,
  sampledOps,
} from '../../../engine/testing/generators/index.js'
import '../allCells.js'

// That what leaves a loop is what the loop makes is tested for every operation by `checkOperation` (ops/records.test.ts).

const steps = 3

/**
 * What explain says of a loop that uses an operation on inputs of the step alone, so that all of it can be worked out
 * before. Input i is the same at all steps where bit i of `fixed` is set.
 */
function saysOf(drawn: DrawnCase, fixed: number): string {
  const inputs = inputsOf(drawn, 'float64')
  const isFixed = (i: number) => (fixed >> i) % 2 === 1
  const loop = (inputs: readonly Tensor[]) => {
    const xs = Object.fromEntries(
      inputs.flatMap((t, i) => (isFixed(i) ? [] : [[i, stack(Array.from({ length: steps }, () => t))]])),
    )
    const step = (total: Tensor, x: typeof xs) => {
      const used = inputs.map((t, i) => x[i] ?? t)
      // A reduction makes it worth leaving the loop, whatever the operation.
      return { carry: total.mul(0.5).add(applyCase(drawn, used).cast('float64').sum()), out: total }
    }
    return scan(step, zeros([], 'float64'), xs).carry
  }
  return explain(loop, [inputs])
}

/** Operations of the engine that have no form for all steps at once, and stay in the loop. */
const withoutForm: readonly string[] = ['scatterAdd']

test('every operation leaves the loop, but for those that have no form for all steps at once', t => {
  const staying = sampledOps().filter(op => {
    const [drawn] = fc.sample(casesOf(fc, op), { numRuns: 1, seed: 1 })
    // Some leave only where an input is the same at all steps: a table, a random key.
    const allFixed = 2 ** drawn.inputs.length - 1
    return Array.from({ length: allFixed }, (_, fixed) => fixed).every(fixed =>
      /stays in the loop/.test(saysOf(drawn, fixed)),
    )
  })
  t.deepEqual(
    staying.map(op => op.name),
    withoutForm,
  )
  t.end()
})

test('a node that many others use is worked out once; one that is the same at all steps is not stacked', t => {
  const [x, w] = [placeholder([2, 2], 'float32'), placeholder([2, 2], 'float32')]
  const all = placeholder([5, 2, 2], 'float32')
  const view = { steps: 5, known: (t: Tensor) => (t === x ? all : undefined), fixed: (t: Tensor) => t === w }
  const y = x.matmul(w)
  const both = overSteps(y.tanh().add(y.exp()), view)!
  const [a, b] = both.inputs
  t.equal(a.inputs[0], b.inputs[0], 'one product')
  t.deepEqual(both.shape, [5, 2, 2])
  t.deepEqual(a.inputs[0].inputs[0].shape, [10, 2], 'of the rows of all steps with the matrix as it is')
  t.equal(overSteps(x.add(placeholder([2, 2], 'float32')), view), undefined, 'what is not known has no form')
  t.end()
})

test('an operation without a form for all steps stays in the loop, and explain says so', t => {
  const text = explain(
    (xs: Tensor) =>
      scan(
        (h: Tensor, x: Tensor) => {
          const inner = scan((g: Tensor, y: Tensor) => ({ carry: g.add(y), out: g }), zeros([]), x).carry
          return { carry: h.add(inner.mul(x.sum())), out: h }
        },
        zeros([]),
        xs,
      ).carry,
    [zeros([4, 3])],
  )
  t.match(text, /^hoist: mul float32 \[\] depends on no carry, but stays in the loop: it uses an operation/m)
  t.match(text, /^ {2}loop 3$/m, 'the inner loop')
  t.end()
})
