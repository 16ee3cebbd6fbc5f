import { compile, dispose, leaves, scan, type Tree } from '../../index.js'
import { firstDifference, relativeTo1 } from '../compare.js'
import { drawWith } from '../fastCheck.js'
import { drawProgram, type Program, valuesAndGradients } from '../generators/index.js'
import type { Suite } from './suite.js'

/** Random programs around a random scan, forwards and in reverse: values and gradients. */
export function testScans(suite: Suite): void {
  for (const donate of [false, true])
    suite.test(
      `scans and their gradients${donate ? ', into donated arguments' : ''}`,
      async (runtime, check) => {
        const { mapEps, matmulEps } = suite.tolerances(runtime)
        const tolerance = Math.min(0.1, 2000 * Math.max(mapEps, matmulEps))
        const cases = check.tuple(check.gen(), check.nat())
        let compared = 0
        const count = await suite.check(check, cases, donate ? 20 : 60, async ([gen, seed]) => {
          const program = drawProgram(drawWith(check, gen), seed, 'float32')
          const exact = await valuesOf(program.withDtype('float64'), 'reference', [])
          const expected = await valuesOf(program, 'reference', [])
          // A program that rounding to float32 alone changes as much says nothing about a device.
          const negligible = relativeTo1(tolerance / 20)
          if (expected.some((values, i) => firstDifference(values, exact[i], negligible))) return
          compared++
          const actual = await valuesOf(program, suite.name, donate ? [0] : [])
          actual.forEach((values, i) => {
            const wrong = firstDifference(values, expected[i], relativeTo1(tolerance))
            if (wrong) throw new Error(`result ${i}: ${wrong}`)
          })
        })
        return `${count}, ${compared} of them well-conditioned`
      },
    )
}

/** All values of a program's result on a device. */
async function valuesOf(
  program: Program,
  device: string,
  donate: readonly number[],
): Promise<ArrayLike<number>[]> {
  const run = compile(valuesAndGradients(program, scan), { device, donate })
  const args = program.args()
  try {
    const result: Tree = run(args)
    const values = await Promise.all(leaves(result).map(t => t.data()))
    dispose(result)
    return values
  } finally {
    if (!donate.length) dispose(args)
    run.dispose()
  }
}
