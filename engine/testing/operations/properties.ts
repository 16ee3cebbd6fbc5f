import type fc from 'fast-check'
import { sameOperation } from '../../graph/node.js'
import { kernelRecord, viewRecord } from '../../graph/record.js'
import type { Box } from '../../graph/tensor.js'
import {
  compile,
  dispose,
  gradients,
  leaves,
  type registeredOps,
  type Shape,
  scan,
  stack,
  type Tensor,
  type Tree,
  tensor,
  uniformAt,
  zeros,
} from '../../index.js'
import { isFloat } from '../../kernel/dtype.js'
import { takeBox } from '../../ops/index.js'
import { linearInputs } from '../../scan/sumOverSteps.js'
import { firstDifferenceOfTrees } from '../compare.js'
import { applyCase, casesOf, type DrawnCase, inputsOf, isSmooth, withValues } from '../generators/index.js'
import { gradcheck } from '../gradcheck.js'
import { type Loop, plainLoop } from '../plainLoop.js'

/**
 * What a record of an operation promises, as properties over random uses of it, in float64 on the reference device. Each
 * resolves if a use is right or says nothing, and throws what is wrong.
 */

type Operation = ReturnType<typeof registeredOps>[number]
type Check = typeof fc
type Property = (check: Check, op: Operation) => fc.IAsyncPropertyWithHooks<[unknown]>

const onReference = { device: 'reference' }

/** Steps of the loops that operations are put into. */
const steps = 3

/** Float values of a tree. */
const floatsOf = (tree: Tree): Tensor[] => leaves(tree).filter(t => isFloat(t.dtype))

/** First and second derivatives equal central differences. */
export const derivatives: Property = (check, op) =>
  check.asyncProperty(casesOf(check, op), async drawn => {
    const inputs = inputsOf(drawn, 'float64')
    if (!(await isDifferentiable(check, op, drawn, inputs))) return
    await gradcheck((...xs) => applyCase(drawn, xs), inputs, { second: true, tolerance: 2e-5 })
  })

/** Whether there is a derivative, and floats are not rounded to float32 on the way. */
function hasDerivative(op: Operation, drawn: DrawnCase, inputs: readonly Tensor[]): boolean {
  if (op.kind === 'elementwise' && !op.vjp) return false
  return floatsOf(inputs).length > 0 && applyCase(drawn, inputs).dtype === 'float64'
}

/**
 * Whether finite differences mean something: there is a derivative. A use at a kink is thrown away, for fast-check to draw
 * another.
 */
async function isDifferentiable(
  check: Check,
  op: Operation,
  drawn: DrawnCase,
  inputs: readonly Tensor[],
): Promise<boolean> {
  if (!hasDerivative(op, drawn, inputs)) return false
  check.pre(await isSmooth(drawn))
  // The maximum of nothing is infinite: differences of it are NaN.
  return (await compile(() => applyCase(drawn, inputs), onReference)().data()).every(Number.isFinite)
}

/**
 * Where the derivative is 0 because something else was chosen, an infinite cotangent passes nothing either (a mask times
 * infinity would be NaN): what stops a chain stops all of it. Operations with kinks are tried at them, too: at zeros and
 * ties.
 */
export const chosenZeros: Property = (check, op) =>
  check.asyncProperty(casesOf(check, op), async drawn => {
    const { smooth } = drawn.sample
    const used = smooth ? withValues(drawn, Math.round) : drawn
    const inputs = inputsOf(used, 'float64')
    if (!hasDerivative(op, used, inputs)) return
    const cotangents = compile((inputs: readonly Tensor[], g: Tensor) => {
      return gradients(applyCase(used, inputs).mul(g).sum(), floatsOf(inputs))
    }, onReference)
    const [byOne, byInfinity] = [1, Infinity].map(g => cotangents(inputs, tensor(g, { dtype: 'float64' })))
    for (const [i, t] of byOne.entries()) {
      const infinite = await byInfinity[i].data()
      const wrong = (await t.data()).findIndex((derivative, e) => derivative === 0 && infinite[e] !== 0)
      if (wrong >= 0)
        throw new Error(
          `float input ${i}, element ${wrong}: the derivative is 0, but of an infinite cotangent it makes ${infinite[wrong]}; choose with where(mask, g, 0) instead of multiplying`,
        )
    }
    dispose([inputs, byOne, byInfinity])
    cotangents.dispose()
  })

/**
 * At all steps at once, outside of a loop (`overSteps`), an operation is what the plain loop makes it, whichever of its
 * inputs are the same at every step.
 */
export const leavesLoops: Property = (check, op) =>
  check.asyncProperty(
    check.record({ drawn: casesOf(check, op), fixed: check.nat(7) }),
    async ({ drawn, fixed }) => {
      const byStep = inputsByStep(drawn)
      const inputs = byStep[0].map((_, i) => stack(byStep.map(ofStep => ofStep[i])))
      await compareLoops([inputs], loop => (inputs: readonly Tensor[]) => {
        const isFixed = (i: number) => (fixed >> i) % 2 === 1
        const perStep = Object.fromEntries(inputs.flatMap((t, i) => (isFixed(i) ? [] : [[i, t]])))
        const first = inputs.map(t => t.slice(0, 0, 1).squeeze(0))
        const step = (total: Tensor, x: typeof perStep) => {
          const used = inputs.map((_, i) => x[i] ?? first[i])
          const y = applyCase(drawn, used).cast('float64')
          // A reduction makes it worth leaving the loop, whatever the operation.
          return { carry: total.mul(0.5).add(y.sum()), out: y }
        }
        return loop(step, zeros([], 'float64'), { ...perStep, number: zeros([steps, 1]) })
      })
    },
  )

/** The inputs of a use, for each step: the same numbers one further, so that they stay within their range. */
const inputsByStep = (drawn: DrawnCase): Tensor[][] =>
  Array.from({ length: steps }, (_, step) =>
    inputsOf(
      {
        ...drawn,
        inputs: drawn.inputs.map(input => ({
          ...input,
          values: input.values.map((_, i, values) => values[(i + step) % values.length]),
        })),
      },
      'float64',
    ),
  )

/** Gradients of what comes from outside of a loop, sums over its steps, are those of the plain loop. */
export const sumsOverSteps: Property = (check, op) =>
  check.asyncProperty(
    check.record({ drawn: casesOf(check, op), seed: check.nat() }),
    async ({ drawn, seed }) => {
      const inputs = inputsOf(drawn, 'float64')
      if (!(await isDifferentiable(check, op, drawn, inputs))) return
      const xs = tensor(Float64Array.from({ length: steps }, (_, i) => uniformAt([seed, 0], 0, i)))
      await compareLoops([inputs, xs], loop => (inputs: readonly Tensor[], xs: Tensor) => {
        const step = (h: Tensor, x: Tensor) => {
          const moved = inputs.map(t => (t.dtype === 'float64' ? t.mul(x.mul(0.1).add(1)) : t))
          const y = applyCase(drawn, moved).mul(x)
          return { carry: h.mul(0.5).add(y.sum()), out: y }
        }
        const { carry, out } = loop(step, zeros([], 'float64'), xs)
        return gradients(carry.add(out.square().sum()), { inputs: floatsOf(inputs), xs })
      })
    },
  )

/** @throws Error unless a function gives the same with a scan and with the plain loop in it. Disposes of `args`. */
async function compareLoops<A extends readonly Tree[]>(
  args: A,
  around: (loop: Loop) => (...args: A) => Tree,
): Promise<void> {
  const compiled = [scan, plainLoop].map(loop => compile(around(loop), onReference))
  const [scanned, looped] = compiled.map(fn => fn(...args))
  try {
    const wrong = await firstDifferenceOfTrees(scanned, looped, 1e-9, 'in the plain loop')
    if (wrong) throw new Error(wrong)
  } finally {
    dispose([scanned, looped, args])
    for (const fn of compiled) fn.dispose()
  }
}

/** Where a record says that an operation is linear (`linearIn`), or how it is summed (`sumOverSteps`), it is so. */
export const sumsOfNodes: Property = (check, op) =>
  check.asyncProperty(casesOf(check, op), async drawn => {
    // Tensors of their own for each step: nodes that cut them out of stacked ones might be taken for the use itself.
    const uses = inputsByStep(drawn)
      .map(inputs => nodeOf(op, applyCase(drawn, inputs)))
      .filter(use => use !== undefined)
    const [first] = uses
    if (first?.dtype !== 'float64') return
    for (const set of linearInputs(first)) {
      const others = (inputs: readonly Tensor[]) =>
        inputs.map((x, i) => (set.includes(i) ? x : first.inputs[i]))
      const sums = first.inputs.map((_, i) => sumOf(uses.map(use => use.inputs[i])))
      await compareValues(
        sameOperation(first, others(sums)),
        sumOf(uses.map(use => sameOperation(use, others(use.inputs)))),
        `linearIn ${JSON.stringify(set)}`,
      )
    }
    const kernel = kernelRecord(first)
    if (!kernel?.op.sumOverSteps) return
    const stacked = first.inputs.map((_, i) => stack(uses.map(use => use.inputs[i])))
    await compareValues(kernel.op.sumOverSteps(kernel.node, stacked), sumOf(uses), 'sumOverSteps')
  })

/** Where a record says how a box of a node is computed (`box`, `boxInputs`), it is that box. */
export const boxes: Property = (check, op) =>
  check.asyncProperty(
    check.record({ drawn: casesOf(check, op), seed: check.nat() }),
    async ({ drawn, seed }) => {
      const t = nodeOf(op, applyCase(drawn, inputsOf(drawn, 'float64')))
      if (t?.dtype !== 'float64') return
      const view = viewRecord(t)
      const boxOfInput = view?.op.box?.(view.node)
      if (boxOfInput) await compareValues(takeBox(t.inputs[0], boxOfInput, t.shape), t, 'box')
      const kernel = kernelRecord(t)
      if (!kernel?.op.boxInputs || t.size === 0) return
      const { box, shape } = boxIn(t.shape, seed)
      const part = sameOperation(t, kernel.op.boxInputs(kernel.node, box, shape), shape)
      // A box of computed values: that of the node itself would be simplified by the very rule that is tested.
      const values = compile(() => t, onReference)()
      await compareValues(part, takeBox(values, box, shape), `boxInputs ${JSON.stringify({ ...box, shape })}`)
      values.dispose()
    },
  )

/** A random box in a tensor that has elements, in either direction along each axis, and the box's shape. */
function boxIn(shape: Shape, seed: number): { box: Box; shape: number[] } {
  const below = (n: number, d: number, stream: number) => Math.floor(n * uniformAt([seed, 1], stream, d))
  const first = shape.map((n, d) => below(n, d, 0))
  const steps = shape.map((_, d) => 1 + below(2, d, 1))
  const sizes = shape.map((n, d) => 1 + below(Math.ceil((n - first[d]) / steps[d]), d, 2))
  const isBackwards = shape.map((_, d) => below(2, d, 3) === 1)
  const last = first.map((start, d) => start + (sizes[d] - 1) * steps[d])
  return {
    box: {
      starts: first.map((start, d) => (isBackwards[d] ? last[d] : start)),
      steps: steps.map((step, d) => (isBackwards[d] ? -step : step)),
    },
    shape: sizes,
  }
}

/** The sum of a node at all steps; what is no float is taken as it is at the first. */
const sumOf = (ts: readonly Tensor[]): Tensor => ts.reduce((a, b) => (isFloat(b.dtype) ? a.add(b) : a))

/** @throws Error that names the rule, unless both are the same. */
async function compareValues(actual: Tensor, expected: Tensor, rule: string): Promise<void> {
  const values = compile(() => ({ actual, expected }), onReference)()
  const wrong = await firstDifferenceOfTrees([values.actual], [values.expected], 1e-9, 'by itself')
  dispose(values)
  if (wrong) throw new Error(`${rule}: ${wrong}`)
}

/** The newest node of an operation among those that `t` is made of; undefined if there is none. */
function nodeOf(op: Operation, t: Tensor): Tensor | undefined {
  if (t.op === op) return t
  for (const input of t.inputs) {
    const node = nodeOf(op, input)
    if (node) return node
  }
  return undefined
}
