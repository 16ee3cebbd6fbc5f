import type { Op } from '../../graph/tensor.js'
import { device, type Runtime, realise, scope } from '../../index.js'
import type { Kernel } from '../../kernel/kernel.js'
import { dtypesOf } from '../../kernel/operands.js'
import { makePlan } from '../../lower/plan.js'
import { firstDifference, largestShare } from '../compare.js'
import {
  absolute,
  applyCase,
  casesOf,
  type DrawnCase,
  inputsOf,
  printCase,
  sampledOps,
} from '../generators/index.js'
import { measuredError, type Tolerances } from './errorBounds.js'
import { dtypesTaken } from './kernels.js'
import type { Suite } from './suite.js'

/** Every operation of the registry on random shapes, strides, broadcasts and dtypes, odd values included. */
export function testOperations(suite: Suite): void {
  for (const op of sampledOps())
    suite.test(`operation ${op.name}`, async (runtime, check) => {
      const tolerances = suite.tolerances(runtime)
      let [leftOut, share] = [0, 0]
      let eps: 'mapEps' | 'matmulEps' = 'mapEps'
      const count = await suite.check(check, casesOf(check, op, { all: true }), 60, async drawn => {
        const compared = await compareOnDevice(runtime, op, drawn, tolerances)
        if (!compared) leftOut++
        else {
          eps = compared.eps
          share = Math.max(share, compared.share)
        }
      })
      const reason = runtime.saturates ? 'it takes no float64, or its floats saturate' : 'it takes no float64'
      const omitted = leftOut ? `, ${leftOut} of them left out: ${reason}` : ''
      return `${count}${omitted}${measuredError(eps, share, tolerances)}`
    })
}

/** A comparison within what is allowed: the largest difference as a share of that, and the stated error that it follows from. */
type Comparison = { readonly share: number; readonly eps: 'mapEps' | 'matmulEps' }

/**
 * Compare a use of an operation on a device with the reference device, within the errors that the device states.
 * Undefined if the device takes no float64 and the use needs it, or its floats saturate and the use has infinities or NaN.
 * @throws Error with the first element that differs, and the use.
 */
export async function compareOnDevice(
  runtime: Runtime,
  op: Op,
  drawn: DrawnCase,
  tolerances: Tolerances = runtime,
): Promise<Comparison | undefined> {
  if (runtime.saturates && drawn.inputs.some(({ values }) => !values.every(Number.isFinite))) return undefined
  const kernels = kernelsOf(drawn)
  const needsFloat64 = kernels.some(kernel => dtypesOf(kernel).has('float64'))
  if (needsFloat64 && !dtypesTaken(runtime).includes('float64')) return undefined
  const [actual, expected] = [await valuesOn(runtime.name, drawn), await valuesOn('reference', drawn)]
  // Sums round relative to what is summed, which may cancel: Σ |a| |b|.
  const magnitude = op.kind === 'elementwise' ? expected : await valuesOn('reference', absolute(drawn))
  const eps = kernels.some(({ kind }) => kind === 'matmul') ? 'matmulEps' : 'mapEps'
  const limit = (y: number, i: number) => {
    if (actual instanceof Int32Array) return 0
    if (tolerances.saturates && !Number.isFinite(y)) return Infinity
    return 20 * tolerances[eps] * Math.max(1, Math.abs(y), magnitude[i])
  }
  const wrong = firstDifference(actual, expected, limit)
  if (wrong) throw new Error(`${wrong}:\n${printCase(drawn)}`)
  return { share: largestShare(actual, expected, limit), eps }
}

/** The values of a use of an operation, computed on a device in float32. */
const valuesOn = (name: string, drawn: DrawnCase) =>
  scope(async () => {
    const y = applyCase(drawn, inputsOf(drawn, 'float32'))
    realise([y], device(name))
    return y.data()
  })

/** The kernels that a use of an operation asks of a device. */
const kernelsOf = (drawn: DrawnCase): Kernel[] =>
  makePlan([applyCase(drawn, inputsOf(drawn, 'float32'))]).launches.map(({ kernel }) => kernel)
