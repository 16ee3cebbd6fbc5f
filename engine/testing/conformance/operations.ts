import type { Op } from '../../graph/tensor.js'
import { device, type Runtime, realise, scope } from '../../index.js'
import type { Kernel } from '../../kernel/kernel.js'
import { dtypesOf } from '../../kernel/operands.js'
import { makePlan } from '../../lower/plan.js'
import { firstDifference } from '../compare.js'
import {
  absolute,
  applyCase,
  casesOf,
  type DrawnCase,
  inputsOf,
  printCase,
  sampledOps,
} from '../generators/index.js'
import { dtypesTaken } from './kernels.js'
import type { Suite } from './suite.js'

/** Every operation of the registry on random shapes, strides, broadcasts and dtypes, odd values included. */
export function testOperations(suite: Suite): void {
  for (const op of sampledOps())
    suite.test(`operation ${op.name}`, async (runtime, check) => {
      let leftOut = 0
      const count = await suite.check(check, casesOf(check, op, { all: true }), 60, async drawn => {
        if (!(await compareOnDevice(runtime, op, drawn))) leftOut++
      })
      return leftOut ? `${count}, ${leftOut} of them left out: it takes no float64` : count
    })
}

/**
 * Compare a use of an operation on a device with the reference device, within the errors that the device states. False
 * if the device takes no float64 and the use needs it. @throws Error with the first element that differs, and the use.
 */
export async function compareOnDevice(runtime: Runtime, op: Op, drawn: DrawnCase): Promise<boolean> {
  const kernels = kernelsOf(drawn)
  const needsFloat64 = kernels.some(kernel => dtypesOf(kernel).has('float64'))
  if (needsFloat64 && !dtypesTaken(runtime).includes('float64')) return false
  const [actual, expected] = [await valuesOn(runtime.name, drawn), await valuesOn('reference', drawn)]
  // Sums round relative to what is summed, which may cancel: Σ |a| |b|.
  const magnitude = op.kind === 'elementwise' ? expected : await valuesOn('reference', absolute(drawn))
  const multiplies = kernels.some(({ kind }) => kind === 'matmul')
  const eps = 20 * (multiplies ? runtime.matmulEps : runtime.mapEps)
  const limit = (y: number, i: number) =>
    actual instanceof Int32Array ? 0 : eps * Math.max(1, Math.abs(y), magnitude[i])
  const wrong = firstDifference(actual, expected, limit)
  if (wrong) throw new Error(`${wrong}:\n${printCase(drawn)}`)
  return true
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
