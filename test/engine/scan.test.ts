import fc from 'fast-check'
import test from 'tape'
import {
  arange,
  compile,
  concat,
  dispose,
  entries,
  gradients,
  leaves,
  mapTree,
  scan,
  setDefaultDevice,
  stack,
  type Tensor,
  type Tree,
  tensor,
  uniformAt,
} from '../../engine/index.js'
import type { Draw } from '../../engine/tensor.js'
import { drawWith } from '../../engine/testing/index.js'

// Generated: scan against the plain unrolled loop, values, gradients and second derivatives, for random bodies.

setDefaultDevice('reference')

type State = { a: Tensor; b: Tensor; count: Tensor }
type Outside = { w: Tensor; row: Tensor; scalar: Tensor }
type Inputs = { x: Tensor; y: Tensor }
type Step = (state: State, inputs: Inputs) => { carry: State; out: { p: Tensor; q: Tensor } }

const unary: readonly ((t: Tensor) => Tensor)[] = [
  t => t.tanh(),
  t => t.sigmoid(),
  t => t.mul(0.5).exp(),
  t => t.square(),
  t => t.neg(),
  t => t.square().add(1).sqrt(),
  t => t.abs().add(0.5).log(),
  t => t.sub(t.mean(1, true)),
  t => t.sub(t.logsumexp(1, true)),
  t => t.flip(1),
  t => concat([t.slice(1, 1), t.slice(1, 0, 1)], 1),
  t => t.sum(0, true).expand(...t.shape),
]
const binary: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
  (a, b) => a.add(b),
  (a, b) => a.mul(b),
  (a, b) => a.sub(b.mul(0.3)),
  (a, b) => a.div(b.square().add(1)),
  (a, b) => a.matmul(b.transpose()).tanh().matmul(b),
]

/** A random body: a few operations on everything that is there, and random choices of what to carry and return. */
function drawStep(draw: Draw, { w, row, scalar }: Outside, width: number): Step {
  // Choices are made once, so that every step (and the plain loop) does the same.
  const plan = Array.from({ length: draw.int(2, 7) }, () => ({
    kind: draw.int(0, 4),
    f: draw.int(0, 99),
    at: [draw.int(0, 99), draw.int(0, 99)],
  }))
  const ends = Array.from({ length: 4 }, () => draw.int(0, 99))
  const nested = draw.int(0, 5) === 0
  return ({ a, b, count }, { x, y }) => {
    const known = [a, b, x, y]
    const pick = (i: number): Tensor => known[i % known.length]
    for (const { kind, f, at } of plan) {
      const [s, t] = at.map(pick)
      if (kind === 0) known.push(unary[f % unary.length](s))
      else if (kind === 1) known.push(binary[f % binary.length](s, t))
      else if (kind === 2) known.push(s.matmul(w).tanh())
      else if (kind === 3) known.push(s.mul(row).add(scalar))
      else known.push(concat([s, t], 1).slice(1, f % width, (f % width) + width))
    }
    if (nested) {
      const inner = scan(
        (h: Tensor, z: Tensor) => ({ carry: h.mul(z).tanh().add(row), out: h }),
        pick(ends[0]),
        stack([x, y, pick(ends[1])]),
      )
      known.push(inner.carry, inner.out.sum(0))
    }
    // Kept small, so that values stay finite over the steps.
    const small = (t: Tensor) => t.tanh().mul(0.9)
    const carry = { a: small(pick(ends[0])), b: small(pick(ends[1])), count: count.add(1) }
    return { carry, out: { p: pick(ends[2]), q: pick(ends[3]).mul(count.cast(pick(ends[3]).dtype)) } }
  }
}

function loop(step: Step, init: State, xs: Inputs, steps: number, reverse: boolean): ReturnType<Step> {
  const outs: ReturnType<Step>['out'][] = new Array(steps)
  let carry = init
  for (let i = 0; i < steps; i++) {
    const t = reverse ? steps - 1 - i : i
    const at = mapTree(xs, x => x.slice(0, t, t + 1).squeeze(0))
    const result = step(carry, at)
    carry = result.carry
    outs[t] = result.out
  }
  return { carry, out: { p: stack(outs.map(o => o.p)), q: stack(outs.map(o => o.q)) } }
}

const isFloat = (t: Tensor) => t.dtype !== 'int32'
const total = (tree: Tree): Tensor =>
  leaves(tree)
    .filter(isFloat)
    .map((t, i) =>
      t
        .square()
        .mean()
        .mul(i + 1),
    )
    .reduce((a, b) => a.add(b))

function floatsOf(tree: Tree): Tensor[] {
  return leaves(tree).filter(isFloat)
}

async function difference(a: Tree, b: Tree): Promise<{ path: string; worst: number }> {
  const other = leaves(b)
  let found = { path: '', worst: 0 }
  for (const [i, [path, t]] of entries(a).entries()) {
    const [x, y] = [await t.data(), await other[i].data()]
    x.forEach((v, k) => {
      const d = Math.abs(v - y[k]) / Math.max(1, Math.abs(y[k]))
      if (!(d <= found.worst))
        found = { path: `${path}[${k}]: ${v} and ${y[k]}`, worst: Number.isNaN(d) ? Infinity : d }
    })
  }
  return found
}

function randomCase(draw: Draw, seed: number, dtype: 'float32' | 'float64') {
  let stream = 0
  const random = (...shape: number[]): Tensor => {
    const own = stream++
    const size = shape.reduce((p, n) => p * n, 1)
    const values = Float64Array.from({ length: size }, (_, i) => 2 * uniformAt([seed, 1], own, i) - 1)
    return tensor(values, { shape, dtype })
  }
  const [rows, width, steps] = [draw.int(1, 3), draw.int(1, 3), draw.int(1, 4)]
  const reverse = draw.int(0, 1) === 1
  const outside: Outside = { w: random(width, width), row: random(width), scalar: random() }
  const init: State = { a: random(rows, width), b: random(rows, width), count: tensor(1, { dtype: 'int32' }) }
  const xs: Inputs = { x: random(steps, rows, width), y: random(steps, rows, width) }
  return { rows, width, steps, reverse, args: { outside, init, xs } }
}

/** All that a random case computes, by scan or by the plain loop: values, gradients, and gradients of those. */
function everything(draw: Draw, c: ReturnType<typeof randomCase>, plain: boolean, second: boolean) {
  let step: Step | undefined
  return compile(
    ({ outside, init, xs }: typeof c.args) => {
      step = drawStep(draw, outside, c.width)
      const result = plain
        ? loop(step, init, xs, c.steps, c.reverse)
        : scan(step, init, xs, { reverse: c.reverse })
      const wrt = floatsOf({ outside, init, xs } as Tree)
      const first = gradients(total(result as Tree), wrt)
      return { result: floatsOf(result as Tree), first, second: second ? gradients(total(first), wrt) : [] }
    },
    { device: activeDevice },
  )
}

let activeDevice = 'reference'

/** Draws the same choices again. */
function recorded(draw: Draw): () => Draw {
  const made: number[] = []
  return () => {
    let at = 0
    const int = (min: number, max: number): number => {
      if (at === made.length) made.push(draw.int(min, max))
      return made[at++]
    }
    return { int, pick: items => items[int(0, items.length - 1)] }
  }
}

for (const [name, dtype, tolerance, runs] of [
  ['reference', 'float64', 1e-9, 60],
  ['wasm', 'float32', 2e-3, 60],
] as const)
  test(`scan equals the plain loop for random bodies on ${name}`, async t => {
    activeDevice = name
    const seconds = dtype === 'float64'
    const property = fc.asyncProperty(fc.gen(), fc.nat(), async (gen, seed) => {
      const choices = recorded(drawWith(fc, gen))
      const sizes = randomCase(choices(), seed, dtype)
      const again = () => {
        const draw = choices()
        randomCase(draw, seed, dtype)
        return draw
      }
      const scanned = everything(again(), sizes, false, seconds)
      const looped = everything(again(), sizes, true, seconds)
      const [a, b] = [scanned(sizes.args), looped(sizes.args)]
      const { path, worst } = await difference(a, b)
      dispose([a, b] as Tree)
      scanned.dispose()
      looped.dispose()
      if (worst > tolerance) throw new Error(`scan and loop differ at ${path}`)
    })
    await fc.assert(property, { numRuns: runs, includeErrorInReport: true })
    t.pass(`${runs} random bodies`)
  })

test('a body is traced once, whatever the number of steps', t => {
  let traces = 0
  const x = arange(500, 'float32')
  scan(
    (h: Tensor, v: Tensor) => {
      traces++
      return { carry: h.add(v), out: h }
    },
    tensor(0),
    x,
  )
  t.equal(traces, 1)
  t.end()
})

test('scan of no steps, and of unused values', async t => {
  const none = scan((h: Tensor, v: Tensor) => ({ carry: h.add(v), out: v }), tensor(7), tensor([]).reshape(0))
  t.equal(await none.carry.item(), 7)
  t.deepEqual(await none.out.array(), [])
  const one = scan(
    (h: { used: Tensor; unused: Tensor }, v: Tensor) => ({
      carry: { used: h.used.add(v), unused: h.unused.mul(v) },
      out: { kept: h.used, dropped: h.unused.exp() },
    }),
    { used: tensor(0), unused: tensor(1) },
    tensor([1, 2, 3]),
  )
  t.deepEqual(await one.out.kept.array(), [0, 1, 3])
  t.end()
})

test('scan explains what does not fit', t => {
  const x = tensor([[1], [2]])
  const bad = (h: Tensor, v: Tensor) => ({ carry: concat([h, v], 0), out: h })
  t.throws(
    () => scan(bad, tensor([1]), x),
    /scan: the carry was \[1\], the step makes it \[2\]; it must keep its shape/,
  )
  const cast = (h: Tensor, v: Tensor) => ({ carry: h.cast('int32'), out: v })
  t.throws(() => scan(cast, tensor([1]), x), /scan: the carry was float32, the step makes it int32/)
  const id = (h: Tensor, v: Tree) => ({ carry: h, out: v })
  t.throws(
    () => scan(id, tensor([1]), { a: x, b: tensor([1, 2, 3]) }),
    /scan: xs\.b is \[3\], but xs\.a has 2 steps; leading axes must agree/,
  )
  t.throws(
    () =>
      scan((h: Tree) => ({ carry: { other: (h as { h: Tensor }).h } as Tree, out: x }), { h: x } as Tree, x),
    /scan: the carry was \{h\}, the step returns \{other\}; they must have the same names/,
  )
  t.end()
})
