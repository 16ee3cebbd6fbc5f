import fc from 'fast-check'
import test from 'tape'
import { compile, dispose } from '../../../engine/index.js'
import { firstDifferenceOfTrees } from '../../../engine/testing/compare.js'
import { drawProgram, valuesAndGradients } from '../../../engine/testing/generators/index.js'
import { drawWith } from '../../../engine/testing/index.js'
import { type Loop, plainLoop } from '../../../engine/testing/plainLoop.js'
import { runs } from '../../effort.js'

/**
 * A property test: ways to run loops (`loops`) give what the plain loop gives, values, gradients and (in float64) second
 * derivatives, for `usual` random programs; in float64 on the reference device, and in float32 on wasm.
 */
export function testAgainstPlainLoop(what: string, loops: fc.Arbitrary<Loop>, usual: number): void {
  for (const [device, dtype, tolerance] of [
    ['reference', 'float64', 1e-7],
    ['wasm', 'float32', 5e-3],
  ] as const)
    test(`${what} equals the plain loop for random bodies on ${device}`, async t => {
      const count = runs(usual)
      const property = fc.asyncProperty(fc.gen(), fc.nat(), loops, async (gen, seed, loop) => {
        const program = drawProgram(drawWith(fc, gen), seed, dtype)
        const options = { second: dtype === 'float64' }
        const looped = compile(valuesAndGradients(program, loop, options), { device })
        const unrolled = compile(valuesAndGradients(program, plainLoop, options), { device })
        const args = program.args()
        const results = [looped(args), unrolled(args)]
        const wrong = await firstDifferenceOfTrees(results[0], results[1], tolerance, 'in the plain loop')
        if (wrong) throw new Error(wrong)
        dispose([results, args])
        looped.dispose()
        unrolled.dispose()
      })
      await fc.assert(property, { numRuns: count, includeErrorInReport: true })
      t.pass(`${count} random bodies`)
    })
}
