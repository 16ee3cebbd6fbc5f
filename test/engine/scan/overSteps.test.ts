import fc from 'fast-check'
import test from 'tape'
import { explain, scan, setDefaultDevice, stack, type Tensor, zeros } from '../../../engine/index.js'
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
import { type AnyScan, bothLoops } from './support.js'

// That what leaves a loop is what the loop makes is tested for every operation by `checkOperation` (ops/records.test.ts).

setDefaultDevice('reference')

const steps = 3

/** A use of an operation whose inputs are other ones at each step, or (by bit of `fixed`) the same at all steps. */
type StepsCase = { readonly drawn: readonly DrawnCase[]; readonly fixed: number }

/** Cases of one shape with other values for each step. */
const casesOverSteps = (op: ReturnType<typeof sampledOps>[number]): fc.Arbitrary<StepsCase> =>
  fc.record({
    drawn: casesOf(fc, op).map(drawn =>
      Array.from({ length: steps }, (_, step) => ({
        ...drawn,
        inputs: drawn.inputs.map(input => ({
          ...input,
          // The same numbers one further, so that they stay within their range.
          values: input.values.map((_, i, all) => all[(i + step) % all.length]),
        })),
      })),
    ),
    fixed: fc.nat(7),
  })

/** A loop that reads only inputs of the step, so that all of it can be worked out before: `total` is the carry. */
const body =
  ({ drawn, fixed }: StepsCase) =>
  (loop: AnyScan) =>
  (inputs: readonly Tensor[]) => {
    const isFixed = (i: number) => (fixed >> i) % 2 === 1
    const perStep = Object.fromEntries(inputs.flatMap((t, i) => (isFixed(i) ? [] : [[i, t]])))
    const first = inputs.map(t => t.slice(0, 0, 1).squeeze(0))
    const step = (total: Tensor, x: typeof perStep) => {
      const y = applyCase(
        drawn[0],
        inputs.map((_, i) => x[i] ?? first[i]),
      ).cast('float64')
      // A reduction makes it worth leaving the loop, whatever the operation.
      return { carry: total.mul(0.5).add(y.sum()), out: y }
    }
    const xs = { ...perStep, number: zeros([steps, 1]) }
    return loop(step, zeros([], 'float64'), xs)
  }

function stackedInputs(drawn: readonly DrawnCase[]): Tensor[] {
  const byStep = drawn.map(d => inputsOf(d, 'float64'))
  return byStep[0].map((_, i) => stack(byStep.map(inputs => inputs[i])))
}

/** Operations of the engine that have no form for all steps at once, and stay in the loop. */
const withoutForm: readonly string[] = ['scatterAdd']

test('every operation leaves the loop, but for those that have no form for all steps at once', t => {
  const staying = sampledOps().filter(op => {
    const [{ drawn }] = fc.sample(casesOverSteps(op), { numRuns: 1, seed: 1 })
    const inputs = stackedInputs(drawn)
    // Some leave only where an input is the same at all steps: a table, a random key.
    const everyFixed = 2 ** inputs.length - 1
    return Array.from({ length: everyFixed }, (_, fixed) => fixed).every(fixed =>
      /stays in the loop/.test(explain(body({ drawn, fixed })(bothLoops.scan), [inputs])),
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
