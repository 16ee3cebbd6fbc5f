import fc from 'fast-check'
import test from 'tape'
import { dispose, leaves, scan, type Tensor } from '../../../engine/index.js'
import { isLeaf, liveNodes, scanInputsOf } from '../../../engine/lower/live.js'
import { isPlaceholder } from '../../../engine/ops/index.js'
import { drawProgram } from '../../../engine/testing/generators/index.js'
import { drawWith } from '../../../engine/testing/index.js'
import { runs } from '../../effort.js'
import { bodyOf, graphOf, kernelsOf, kindsOf, loopsOf, placeholderOf } from './support.js'

test('what an output depends on is live, inputs first; what only others depend on is dead', t => {
  const [x, y] = [placeholderOf(2), placeholderOf(2)]
  const wanted = x.mul(2).tanh()
  const alsoOfX = x.mul(2).exp()
  const { nodes } = liveNodes([wanted], isPlaceholder)
  t.ok(nodes.includes(x) && nodes.includes(wanted.inputs[0]))
  t.notOk(nodes.includes(alsoOfX), 'made of the same, but nobody asks for it')
  t.notOk(nodes.includes(y))
  t.end()
})

test('what a value is computed from is dead where the value is there already', t => {
  const x = placeholderOf(2)
  const known = x.exp()
  const { nodes } = liveNodes([known.add(1)], s => s === known)
  t.ok(nodes.includes(known))
  t.notOk(nodes.includes(x))
  t.end()
})

/** Whether a live node reads `x`: of a scan only what its live parts need. */
const reads = ({ nodes, scans }: ReturnType<typeof liveNodes>, x: Tensor): boolean =>
  nodes.some(t => {
    const liveScan = scans.get(t)
    return (liveScan ? scanInputsOf(t, liveScan) : t.inputs).includes(x)
  })

test('every live node of a random program is read by a live one, and comes before it', t => {
  let dead = 0
  const property = fc.property(fc.gen(), fc.nat(), (gen, seed) => {
    const program = drawProgram(drawWith(fc, gen), seed, 'float32')
    const args = program.args()
    const outputs = leaves(program.run(args, scan)).slice(0, 1)
    const live = liveNodes(outputs, isLeaf)
    const position = new Map(live.nodes.map((node, i) => [node, i]))
    for (const node of live.nodes) {
      if (!outputs.includes(node) && !reads(live, node)) throw new Error(`nobody reads ${node}`)
      if (live.scans.has(node) || isLeaf(node)) continue
      for (const input of node.inputs)
        if (!(position.get(input)! < position.get(node)!)) throw new Error(`${input} comes after ${node}`)
    }
    dead += graphOf(outputs).length - live.nodes.length
    dispose(args)
  })
  fc.assert(property, { numRuns: runs(150), includeErrorInReport: true })
  t.ok(dead > 0, `${dead} nodes were dead`)
  t.end()
})

test('a scan loses the carries, outputs and inputs that nothing depends on', t => {
  const [h, n, xs, ys] = [placeholderOf(2), placeholderOf(2), placeholderOf(5, 2), placeholderOf(5, 2)]
  const { carry, out } = scan(
    (state: { h: Tensor; n: Tensor }, { x, y }: { x: Tensor; y: Tensor }) => ({
      carry: { h: state.h.mul(x), n: state.n.add(y).add(state.h) },
      out: { ofH: state.h.tanh(), ofN: state.n.exp() },
    }),
    { h, n },
    { x: xs, y: ys },
  )
  const livePartsFor = (output: Tensor) => {
    const { nodes, scans } = liveNodes([output], isPlaceholder)
    const [{ carries, stacked, xs: liveXs }] = scans.values()
    return { carries, stacked: stacked.length, xs: liveXs, reads: [h, n, xs, ys].map(x => nodes.includes(x)) }
  }
  const ofHAlone = { carries: [0], xs: [0], reads: [true, false, true, false] }
  t.deepEqual(livePartsFor(carry.h), { ...ofHAlone, stacked: 0 })
  t.deepEqual(livePartsFor(out.ofH), { ...ofHAlone, stacked: 1 })
  t.deepEqual(livePartsFor(carry.n), {
    carries: [0, 1],
    stacked: 0,
    xs: [0, 1],
    reads: [true, true, true, true],
  })
  t.end()
})

test('carries that only feed each other live and die together', t => {
  const xs = placeholderOf(4, 2)
  const [a, b, c] = [placeholderOf(2), placeholderOf(2), placeholderOf(2)]
  const { carry } = scan(
    (s: { a: Tensor; b: Tensor; c: Tensor }, x: Tensor) => ({
      carry: { a: s.b.add(x), b: s.c.mul(2), c: s.c.mul(s.c) },
      out: x,
    }),
    { a, b, c },
    xs,
  )
  const carriesFor = (t: Tensor) => [...liveNodes([t], isPlaceholder).scans.values()][0].carries
  t.deepEqual(carriesFor(carry.a), [0, 1, 2])
  t.deepEqual(carriesFor(carry.b), [1, 2])
  t.deepEqual(carriesFor(carry.c), [2])
  t.end()
})

test('no kernel computes what is dead', t => {
  const xs = placeholderOf(4, 3, 3)
  const { carry } = scan(
    (h: Tensor, x: Tensor) => ({ carry: h.add(x), out: h.matmul(x) }),
    placeholderOf(3, 3),
    xs,
  )
  const kernels = kernelsOf(carry)
  t.deepEqual(loopsOf(kernels).map(bodyOf), ['map'], 'the products are not asked for')
  t.equal(kindsOf(kernelsOf(placeholderOf(2).mul(0).add(1).slice(0, 0, 1))), 'map')
  t.end()
})
