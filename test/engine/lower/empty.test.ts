import test from 'tape'
import { compile, concat, gradients, ones, scan, type Tensor, zeros } from '../../../engine/index.js'
import { copyKernel, reduceKernel } from '../../../engine/kernel/build.js'
import type { LoopKernel } from '../../../engine/kernel/kernel.js'
import { fixedArg, rowArg } from '../../../engine/kernel/loop.js'
import { contiguousView } from '../../../engine/kernel/shape.js'
import { withoutEmpty } from '../../../engine/lower/empty.js'

// Random programs with empty tensors and loops are among those of test/engine/scan and lower.test.ts.

test('a launch that writes nothing is left out; what is read of nothing is at the beginning of its buffer', t => {
  const nothing = copyKernel('float32', [0, 3], { offset: 7, strides: [3, 1] })
  t.equal(withoutEmpty({ kernel: nothing, args: [fixedArg(0), rowArg(1, 8, 0)] }), undefined)
  const loop: LoopKernel = { kind: 'loop', steps: 0, reverse: false, bytes: [4], body: [] }
  t.equal(withoutEmpty({ kernel: loop, args: [fixedArg(0)] }), undefined, 'a loop of no steps')

  const view = { offset: 7, strides: [3, 1] }
  const sum = reduceKernel('sum', 'float32', [2, 0], 1, [{ dtype: 'float32', view }], x => x)
  const launch = withoutEmpty({ kernel: sum, args: [rowArg(0, 8, 12), rowArg(1, 4, 8)] })
  t.deepEqual(launch?.args, [fixedArg(0), rowArg(1, 4, 8)], 'the sums of nothing are written')
  t.deepEqual(launch?.kernel.kind === 'reduce' && launch.kernel.inputs[0].view.offset, 0)

  const whole = {
    kernel: copyKernel('float32', [2], contiguousView([2])),
    args: [fixedArg(0), fixedArg(1)],
  }
  t.equal(withoutEmpty(whole), whole, 'others stay what they are')
  t.end()
})

test('empty slices of the rows of a loop, loops of no steps in loops, and their derivatives', async t => {
  for (const device of ['reference', 'wasm']) {
    const run = compile(
      (h: Tensor, xs: Tensor) => {
        const loss = (h: Tensor, xs: Tensor) => {
          const step = (carry: Tensor, x: Tensor) => {
            const inner = scan((h: Tensor, z: Tensor) => ({ carry: h.mul(z), out: h }), carry, zeros([0, 2]))
            const next = inner.carry.mul(2).add(x.slice(0, 2).sum()).add(inner.out.sum(0))
            return { carry: next, out: concat([x.slice(0, 2), next]) }
          }
          const { carry, out } = scan(step, h, xs)
          return carry.square().sum().add(out.sum())
        }
        const first = gradients(loss(h, xs), { h, xs })
        return { first, second: gradients(first.h.sum(), h) }
      },
      { device },
    )
    const { first, second } = run(ones([2]), zeros([3, 2]))
    // The carry is 8 h after three steps, and 2 h + 4 h + 8 h is given out.
    t.deepEqual(await first.h.array(), [142, 142], `${device}: 128 h + 14`)
    t.deepEqual(await first.xs.array(), await zeros([3, 2]).array(), `${device}: nothing of the empty slices`)
    t.deepEqual(await second.array(), [128, 128], `${device}: the second derivative`)
  }
})
