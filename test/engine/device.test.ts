import fc from 'fast-check'
import test from 'tape'
import { referenceDevice } from '../../engine/devices/reference/index.js'
import {
  compile,
  concat,
  type Device,
  device,
  dispose,
  gradients,
  type Kernel,
  openDevice,
  registerDevice,
  runCell,
  scan,
  type Tensor,
  tensor,
} from '../../engine/index.js'
import { shareBuffers } from '../../engine/lower/memory.js'
import { isContiguous } from '../../engine/shape.js'
import { byScan, compareTrees, drawProgram, everything } from '../../engine/testing/conformance/programs.js'
import { drawWith } from '../../engine/testing/index.js'
import { lstm } from '../../model/cells/lstm.js'
import { runs } from './effort.js'

/** What every device must take, and nothing else. */
function isRequired(kernel: Kernel): boolean {
  switch (kernel.kind) {
    case 'map': {
      const operations = kernel.body.filter(i => i.op !== 'input' && i.op !== 'const')
      return (
        operations.length <= 1 &&
        kernel.outputs.length === 1 &&
        isContiguous(kernel.shape, kernel.outputs[0].view)
      )
    }
    case 'reduce':
      return kernel.inputs.length === 1 && kernel.body.length === 1
    case 'matmul':
      return !kernel.accumulate
    case 'loop':
      return false
    default:
      return true
  }
}

const refused = new Set<string>()
registerDevice('minimal', (): Device => {
  const reference = referenceDevice()
  return {
    ...reference,
    name: 'minimal',
    compile: kernel => {
      if (isRequired(kernel)) return reference.compile(kernel)
      refused.add(kernel.kind)
      return null
    },
  }
})

test('a device that takes only what it must computes the same', async t => {
  const parameters = { kernel: [6, 16], bias: [16] }
  const random = (shape: number[], k: number) =>
    tensor(
      Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.7 * i + k)),
      { shape },
    )
  const run = async (name: string) => {
    const f = compile(
      (p: { kernel: Tensor; bias: Tensor }, xs: Tensor) => {
        const carry = {
          c: xs
            .slice(0, 0, 1)
            .reshape(3, 2)
            .matmul(p.kernel.slice(0, 0, 2).slice(1, 0, 4)),
          h: random([3, 4], 5),
        }
        const { out, carry: last } = runCell(lstm, p, carry, xs)
        const reversed = scan((h: Tensor, x: Tensor) => ({ carry: h.mul(0.5).add(x), out: h }), last.c, out, {
          reverse: true,
        })
        const loss = out
          .square()
          .sum()
          .add(reversed.out.logsumexp(2).sum())
          .add(concat([last.h, last.c], 1).sum())
        return { loss, gradient: gradients(loss, p) }
      },
      { device: name },
    )
    const { loss, gradient } = f(
      { kernel: random(parameters.kernel, 1), bias: random(parameters.bias, 2) },
      random([5, 3, 2], 3),
    )
    return [...(await loss.data()), ...(await gradient.kernel.data()), ...(await gradient.bias.data())]
  }
  const [a, b] = [await run('reference'), await run('minimal')]
  const worst = Math.max(...a.map((x, i) => Math.abs(x - b[i])))
  t.ok(worst < 1e-12, `largest difference ${worst}`)
  t.deepEqual([...refused].sort(), ['loop', 'map', 'reduce'], 'it was asked for more, and declined')
})

test('such a device computes the same for random programs', async t => {
  const property = fc.asyncProperty(fc.gen(), fc.nat(), async (gen, seed) => {
    const program = drawProgram(drawWith(fc, gen), seed, 'float64')
    const [expected, found] = ['reference', 'minimal'].map(name => {
      const f = compile(everything(program, byScan, false), { device: name })
      return { f, args: program.args() }
    })
    const results = [expected, found].map(({ f, args }) => f(args))
    await compareTrees(results[0], results[1], 1e-12)
    for (const { f, args } of [expected, found]) {
      f.dispose()
      dispose(args)
    }
    dispose(results)
  })
  await fc.assert(property, { numRuns: runs(60), includeErrorInReport: true })
  t.pass('values and gradients')
})

test('device names', t => {
  t.throws(() => device('abacus'), /device 'abacus' is not known; there are wasm, reference/)
  t.throws(() => registerDevice('wasm', referenceDevice), /device 'wasm' is registered already/)
  t.end()
})

test('shared buffers: no two temporaries that live at the same time overlap, and none is too small', t => {
  const id = fc.integer({ min: 0, max: 9 })
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 10, maxLength: 10 }),
      fc.array(fc.uniqueArray(id, { maxLength: 4 }), { maxLength: 25 }),
      (bytes, uses) => {
        const temporaries = new Map(bytes.map((n, i) => [i, { bytes: n }]))
        const { sizes, bufferOf } = shareBuffers(temporaries, uses)
        const steps = (i: number) => uses.flatMap((ids, step) => (ids.includes(i) ? [step] : []))
        for (const [a, buffer] of bufferOf) {
          if (sizes[buffer] < bytes[a]) throw new Error(`${a} does not fit`)
          for (const [b, other] of bufferOf) {
            if (a >= b || buffer !== other) continue
            const [x, y] = [steps(a), steps(b)]
            const apart = Math.max(...x) < Math.min(...y) || Math.max(...y) < Math.min(...x)
            if (!apart) throw new Error(`${a} and ${b} share buffer ${buffer}`)
          }
        }
      },
    ),
  )
  t.end()
})

test('a device that takes waiting to open', async t => {
  let opened = 0
  registerDevice('slow', async options => {
    opened++
    if (options.broken) throw new Error('slow: no adapter; install one')
    return { ...referenceDevice(), name: 'slow' }
  })
  const failure = (opening: Promise<unknown>) => opening.then(() => 'opened', String)
  t.match(await failure(openDevice('slow', { broken: true })), /slow: no adapter; install one/)
  t.throws(() => device('slow'), /device 'slow' takes waiting to open: await openDevice\('slow'\) first/)
  const [a, b] = await Promise.all([openDevice('slow'), openDevice('slow')])
  t.equal(a, b)
  t.equal(device('slow'), a)
  t.equal(opened, 2, 'once for the failure, once for all others')
  t.match(await failure(openDevice('slow', { broken: true })), /device 'slow' is open already/)
})
