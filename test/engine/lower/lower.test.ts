import fc from 'fast-check'
import test from 'tape'
import { compile, device, dispose, leaves, realise, scan, type Tensor } from '../../../engine/index.js'
import { firstDifference } from '../../../engine/testing/compare.js'
import { drawProgram, valuesAndGradients } from '../../../engine/testing/generators/index.js'
import { drawWith } from '../../../engine/testing/index.js'
import { plainLoop } from '../../../engine/testing/plainLoop.js'
import { runs } from '../../effort.js'
import { graphOf } from './support.js'

/** Compute every node of a graph as a plan of its own, so that no pass has anything to put together or leave out. */
async function valuesNodeByNode(outputs: readonly Tensor[], on: string): Promise<ArrayLike<number>[]> {
  const nodes = graphOf(outputs)
  // A scan has no value of its own: its picks have.
  for (const node of nodes) if (node.op.kind !== 'scan') realise([node], device(on))
  const values = await Promise.all(outputs.map(t => t.data()))
  for (const node of nodes) node.dispose()
  return values
}

for (const [what, loop] of [
  ['unrolled', plainLoop],
  ['with a scan', scan],
] as const)
  test(`random programs ${what}: as a whole they compute the same bits as node by node`, async t => {
    const count = runs(40)
    let nodes = 0
    const property = fc.asyncProperty(fc.gen(), fc.nat(), async (gen, seed) => {
      // In float64 it makes no difference which values in between are stored.
      const program = drawProgram(drawWith(fc, gen), seed, 'float64')
      const compiled = compile(valuesAndGradients(program, loop), { device: 'reference' })
      const args = program.args()
      const results = leaves(compiled(args))
      const computed = await Promise.all(results.map(t => t.data()))
      const graph = leaves(valuesAndGradients(program, loop)(program.args()))
      nodes += graphOf(graph).length
      const expected = await valuesNodeByNode(graph, 'reference')
      computed.forEach((values, i) => {
        const wrong = firstDifference(values, expected[i], () => 0, 'node by node')
        if (wrong) throw new Error(`result ${i}: ${wrong}`)
      })
      dispose([args, results])
      compiled.dispose()
    })
    await fc.assert(property, { numRuns: count, includeErrorInReport: true })
    t.pass(`${count} programs, ${nodes} nodes`)
  })
