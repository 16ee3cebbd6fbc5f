import fc from 'fast-check'
import test from 'tape'
import { option } from '../../engine/devices/options.js'
import { referenceDevice } from '../../engine/devices/reference/index.js'
import { type Device, device, type Kernel, openDevice, registerDevice } from '../../engine/index.js'
import { isContiguous } from '../../engine/kernel/shape.js'
import { shareBuffers } from '../../engine/kernel/shareBuffers.js'
import { deviceConformance } from '../../engine/testing/index.js'
import './allCells.js'
import { effort } from './effort.js'

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

deviceConformance(test, 'minimal', { effort })

test('a device that takes only what it must was asked for more, and declined', t => {
  t.deepEqual([...refused].sort(), ['loop', 'map', 'matmul', 'reduce'])
  t.end()
})

deviceConformance(test, 'reference', { effort: effort / 2 })

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
  registerDevice(
    'slow',
    async ({ broken }) => {
      opened++
      if (broken) throw new Error('slow: no adapter; install one')
      return { ...referenceDevice(), name: 'slow' }
    },
    { options: { broken: option.flag({ meaning: 'fail', otherwise: 'false' }) } },
  )
  const failure = (opening: Promise<unknown>) => opening.then(() => 'opened', String)
  t.match(await failure(openDevice('slow', { broken: true })), /slow: no adapter; install one/)
  t.throws(() => device('slow'), /device 'slow' takes waiting to open: await openDevice\('slow'\) first/)
  const [a, b] = await Promise.all([openDevice('slow'), openDevice('slow')])
  t.equal(a, b)
  t.equal(device('slow'), a)
  t.equal(opened, 2, 'once for the failure, once for all others')
  t.match(await failure(openDevice('slow', { broken: true })), /device 'slow' is open already/)
})
