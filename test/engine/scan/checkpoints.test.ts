import fc from 'fast-check'
import test from 'tape'
import {
  compile,
  dispose,
  gradients,
  scan,
  setDefaultDevice,
  type Tensor,
  tensor,
  zeros,
} from '../../../engine/index.js'
import {
  byPlainLoop,
  compareTrees,
  drawProgram,
  everything,
  type Loop,
} from '../../../engine/testing/conformance/programs.js'
import { drawWith } from '../../../engine/testing/index.js'
import { runs } from '../effort.js'

setDefaultDevice('reference')

const inPieces =
  (checkpoint: number): Loop =>
  (step, init, xs, reverse) =>
    scan(step, init, xs, { reverse, checkpoint })

for (const [device, dtype, tolerance] of [
  ['reference', 'float64', 1e-7],
  ['wasm', 'float32', 5e-3],
] as const)
  test(`a checkpointed scan equals the plain loop for random bodies on ${device}`, async t => {
    const count = runs(60)
    const every = fc.integer({ min: 1, max: 4 })
    const property = fc.asyncProperty(fc.gen(), fc.nat(), every, async (gen, seed, checkpoint) => {
      const program = drawProgram(drawWith(fc, gen), seed, dtype)
      const second = dtype === 'float64'
      const scanned = compile(everything(program, inPieces(checkpoint), second), { device })
      const looped = compile(everything(program, byPlainLoop, second), { device })
      const args = program.args()
      const [a, b] = [scanned(args), looped(args)]
      await compareTrees(a, b, tolerance)
      dispose([a, b, args])
      scanned.dispose()
      looped.dispose()
    })
    await fc.assert(property, { numRuns: count, includeErrorInReport: true })
    t.pass(`${count} random bodies`)
  })

test('a memory budget makes scans keep checkpoints, and one that is too small is refused', async t => {
  const [steps, batch, hidden] = [60, 3, 8]
  const w = tensor(
    Float32Array.from({ length: hidden * hidden }, (_, i) => Math.sin(i) / 3),
    { shape: [hidden, hidden] },
  )
  const xs = tensor(
    Float32Array.from({ length: steps * batch * hidden }, (_, i) => Math.cos(i)),
    { shape: [steps, batch, hidden] },
  )
  const within = (memory: number) => {
    const options = { device: 'wasm', ...(memory < Number.POSITIVE_INFINITY && { memory }) }
    return compile((w: Tensor, xs: Tensor) => {
      const step = (h: Tensor, x: Tensor) => {
        const next = h.matmul(w).add(x).tanh().mul(x.sigmoid())
        return { carry: next.add(h).tanh(), out: next.sum(1) }
      }
      const { out } = scan(step, zeros([batch, hidden]), xs)
      return gradients(out.square().sum(), w)
    }, options)
  }
  const [all, some] = [within(Number.POSITIVE_INFINITY), within(16_000)]
  const [a, b] = [await all(w, xs).data(), await some(w, xs).data()]
  const worst = Math.max(...a.map((x, i) => Math.abs(x - b[i]) / Math.max(1, Math.abs(x))))
  t.ok(worst < 1e-5, `largest difference ${worst}`)
  t.notOk(/^ {2}loop/m.test(all.explain()), 'without a budget no loop in a loop')
  t.ok(/^ {2}loop/m.test(some.explain()), 'with it, loops over pieces')
  t.throws(
    () => within(1000)(w, xs),
    /a memory budget of 0\.001 MB is too small: 0\.\d+ MB are needed at least/,
  )
  t.throws(
    () => scan((h: Tensor, x: Tensor) => ({ carry: h, out: x }), w, xs, { checkpoint: 0 }),
    /give a number/,
  )
  t.end()
})
