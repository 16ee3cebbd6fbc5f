import { device, realise, scope } from '../../index.js'
import { absolute, applyCase, casesOf, inputsOf, printCase, sampledOps } from './cases.js'
import { firstDifference, tolerances } from './compare.js'
import { dtypesOf } from './kernels.js'
import type { Suite } from './suite.js'

/** Every operation of the registry on random shapes, strides, broadcasts and dtypes, odd values included. */
export function testOperations(suite: Suite): void {
  for (const op of sampledOps())
    suite.test(`operation ${op.name}`, async (runtime, check) => {
      if (op.name === 'toFloat64' && !dtypesOf(runtime).includes('float64')) return 'it takes no float64'
      return suite.check(check, casesOf(check, op, { all: true }), 60, async drawn => {
        const on = (name: string, used = drawn) =>
          scope(async () => {
            const y = applyCase(used, inputsOf(used, 'float32'))
            realise([y], device(name))
            return y.data()
          })
        const [found, expected] = [await on(suite.name), await on('reference')]
        // Sums round relative to what is summed, which may cancel: Σ |a| |b|.
        const magnitude = op.kind === 'elementwise' ? expected : await on('reference', absolute(drawn))
        const { map, matmul } = tolerances(runtime.device)
        const eps = 20 * (op.name === 'matmul' ? matmul : map)
        const limit = (y: number, at: number) =>
          found instanceof Int32Array ? 0 : eps * Math.max(1, Math.abs(y), magnitude[at])
        const wrong = firstDifference(found, expected, limit)
        if (wrong) throw new Error(`${wrong}:\n${printCase(drawn)}`)
      })
    })
}
