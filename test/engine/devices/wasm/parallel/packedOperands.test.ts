import test from 'tape'
import {
  closeDevice,
  compile,
  gradients,
  registerDevice,
  scan,
  stack,
  type Tensor,
  zeros,
} from '../../../../../engine/index.js'
import type { TypedArray } from '../../../../../engine/kernel/dtype.js'
import { difference, draw, openWasm, testBlas, testTarget } from '../support.js'

const target = testTarget()

type Step = (h: Tensor, x: Tensor) => { carry: Tensor; out: Tensor }
const recurrence =
  (weight: (h: Tensor) => Tensor): Step =>
  (h, x) => {
    const next = weight(h).mul(0.1).add(x).tanh()
    return { carry: next, out: next }
  }

/** Loops whose products have a B that no iteration, some iterations, or every iteration changes. */
const loops: Record<string, (w: Tensor, xs: Tensor) => Tensor> = {
  'a weight': (w, xs) =>
    scan(
      recurrence(h => h.matmul(w)),
      zeros(xs.shape.slice(1)),
      xs,
    ).out,
  'a transposed weight': (w, xs) =>
    scan(
      recurrence(h => h.matmul(w.transpose())),
      zeros(xs.shape.slice(1)),
      xs,
    ).out,
  'two weights': (w, xs) =>
    scan(
      recurrence(h => h.matmul(w).mul(0.1).tanh().matmul(w.mul(2))),
      zeros(xs.shape.slice(1)),
      xs,
    ).out,
  'a weight that every iteration changes': (w, xs) => {
    const step = ({ h, v }: { h: Tensor; v: Tensor }, x: Tensor) => {
      const next = h.matmul(v).mul(0.1).add(x).tanh()
      return { carry: { h: next, v: v.mul(0.9) }, out: next }
    }
    return scan(step, { h: zeros(xs.shape.slice(1)), v: w }, xs).out
  },
  'layers, each with its weight, and one with that of all': (w, xs) => {
    const layer = (input: Tensor, weight: Tensor) => {
      const inner = recurrence(h => h.matmul(weight).add(h.matmul(w)))
      const { out } = scan(inner, zeros(xs.shape.slice(1)), input)
      return { carry: out, out: out.sum(0) }
    }
    return scan(layer, xs, stack([w, w.mul(0.5), w.transpose()], 0)).out
  },
  'one iteration of several': (w, xs) => {
    const outer = (input: Tensor, x: Tensor) => {
      const { out } = scan(
        recurrence(h => h.matmul(w)),
        x,
        input,
      )
      return { carry: out, out: out.sum(0) }
    }
    return scan(outer, xs, xs.slice(0, 0, 1)).out
  },
}

type Size = readonly [steps: number, batch: number, hidden: number]

/** What a loop gives, with the gradient of its weight. */
async function runLoop(name: string, [steps, batch, hidden]: Size, device: string): Promise<TypedArray[]> {
  const f = compile(
    (w: Tensor, xs: Tensor) => {
      const out = loops[name](w, xs)
      return { out, gradient: gradients(out.square().mean(), { w }).w }
    },
    { device },
  )
  const results: TypedArray[] = []
  // Twice: what a run leaves packed is not what the next one multiplies by.
  for (const seed of [1, 2]) {
    const { out, gradient } = f(draw([hidden, hidden], seed), draw([steps, batch, hidden], 3))
    results.push(await out.data(), await gradient.data())
  }
  return results
}

/** Check all loops against another device and, if `exact`, that the number of threads changes no bit. */
async function checkLoops(
  t: test.Test,
  blas: string,
  sizes: readonly Size[],
  expected: string,
  exact: boolean,
) {
  const threads = [1, 2, 3, 8]
  const deviceOf = (threads: number) => `packing ${blas} ${threads}`
  for (const count of threads)
    registerDevice(deviceOf(count), () => openWasm({ threads: count, blas }, target))
  for (const name of Object.keys(loops))
    for (const size of sizes) {
      const want = await runLoop(name, size, expected)
      const [first, ...others] = await Promise.all(threads.map(count => runLoop(name, size, deviceOf(count))))
      const worst = Math.max(...first.map((got, i) => difference(got, want[i])))
      t.ok(worst < 1e-5, `${name}, [${size}]: within ${worst} of ${expected}`)
      if (exact)
        others.forEach((other, i) => {
          t.deepEqual(other, first, `${name}, [${size}]: ${threads[i + 1]} threads`)
        })
    }
  for (const count of threads) await closeDevice(deviceOf(count))
}

test('packedOperands: loops are right, and have the same bits for any number of threads', t =>
  checkLoops(
    t,
    'off',
    [
      [3, 40, 36],
      [4, 7, 5],
      [5, 33, 70],
    ],
    'reference',
    true,
  ))

// Against this device's own products, which are right: the reference takes long for products that are large enough. Bits
// are not compared: those of some of these products depend on the number of threads, since OpenBLAS rounds small products in
// another way than large ones.
testBlas('packedOperands: loops whose products BLAS computes are right', t => {
  registerDevice('packing without BLAS', () => openWasm({ threads: 1, blas: 'off' }, target))
  return checkLoops(
    t,
    'auto',
    [
      [3, 100, 80],
      [3, 40, 196],
    ],
    'packing without BLAS',
    false,
  )
})
