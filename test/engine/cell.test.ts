import test from 'tape'
import {
  type Cell,
  defineCell,
  full,
  gradients,
  randomKey,
  runCell,
  stepCell,
  type Tensor,
  tensor,
  zeros,
} from '../../engine/index.js'

test('every use of dropout, and every step, draws a mask of its own', async t => {
  const cell = defineCell({
    name: 'masks',
    parameters: () => ({}),
    carry: ['h'],
    step: (_, { h }, x, dropout) => ({ carry: { h }, out: dropout(x).add(dropout(x).mul(10)) }),
  })
  const [steps, width] = [20, 50]
  const xs = full([steps, 1, width], 1)
  const { out } = runCell(cell, {}, { h: zeros([1, width]) }, xs, { rate: 0.5, key: randomKey(1) })
  const values = [...(await out.mul(0.5).data())].map(Math.round)
  // Both uses keep or drop independently: 0, 1, 10 and 11 are equally likely.
  for (const kind of [0, 1, 10, 11]) {
    const share = values.filter(v => v === kind).length / values.length
    t.ok(Math.abs(share - 0.25) < 0.06, `${kind}: ${share}`)
  }
  const rows = Array.from({ length: steps }, (_, i) => `${values.slice(i * width, (i + 1) * width)}`)
  t.equal(new Set(rows).size, steps, 'no two steps alike')
})

test('a cell that returns too little, and inputs of another rank, are refused', t => {
  const zero = { h: zeros([1, 2]) }
  const step = (result: object) =>
    defineCell({ name: 'poor', parameters: () => ({}), carry: ['h'], step: () => result as never })
  const xs = zeros([3, 1, 2])
  t.throws(() => runCell(step({ carry: zero }), {}, zero, xs), /cell 'poor': the step returns no 'out'/)
  t.throws(() => runCell(step({ out: xs }), {}, zero, xs), /cell 'poor': the step returns no carry 'h'/)
  t.throws(
    () => runCell(step({}), {}, zero, zeros([1, 2])),
    /runCell: xs is \[1,2\]; give \[steps, batch, input\]/,
  )
  t.end()
})

test('a step that asks for what is not there, or returns nothing, is told so', t => {
  const shapes = { kernel: [3, 2], bias: [2] }
  const cell = (
    step: (p: { readonly [name: string]: Tensor }, c: { readonly [name: string]: Tensor }) => unknown,
  ) => ({ name: 'mine', parameters: () => shapes, carry: ['h'], step }) as unknown as Cell
  const parameters = { kernel: zeros([3, 2]), bias: zeros([2]) }
  const run = (...args: Parameters<typeof cell>) =>
    stepCell(cell(...args), parameters, { h: zeros([1, 2]) }, zeros([1, 1]), 0)
  t.throws(
    () => run(p => p.kernl.add(1)),
    /cell 'mine': the step asks for the parameter 'kernl'; there is kernel, bias/,
  )
  t.throws(() => run((_, { c }) => c.add(1)), /cell 'mine': the step asks for the carry 'c'; there is h/)
  t.throws(
    () => run(() => {}),
    /cell 'mine': the step returns nothing; it must end with return { carry: { h }, out }/,
  )
  const { out } = run((p, { h }) => ({ carry: { h }, out: 'gain' in p ? h.mul(p.gain) : h.add(p.bias) }))
  t.deepEqual(out.shape, [1, 2], 'names can be asked for')
  t.end()
})

test('sequences one after the other in a row are to each what it is alone: values, gradients, and no NaN of another', async t => {
  const cell = defineCell({
    name: 'sum of what was',
    parameters: () => ({ decay: [2] }),
    carry: ['h'],
    step: ({ decay }, { h }, x) => {
      const next = h.mul(decay).add(x).tanh()
      return { carry: { h: next }, out: next }
    },
  })
  const decay = tensor([0.5, -1.5])
  const xs = (from: number, steps: number) => tensor(Array.from({ length: steps }, (_, i) => [[from + i, i]]))
  const zero = { h: zeros([1, 2]) }
  const run = async (inputs: Tensor, ends?: Tensor) => {
    const { out, carry } = runCell(cell, { decay }, zero, inputs, undefined, ends && { ends })
    const gradient = gradients(out.square().sum(), { decay }).decay
    return { out: await out.array(), h: await carry.h.array(), gradient: await gradient.array() }
  }
  const parts = [await run(xs(-0.5, 3)), await run(xs(0.25, 2))]
  const both = tensor([
    ...((await xs(-0.5, 3).array()) as number[][][]),
    ...((await xs(0.25, 2).array()) as number[][][]),
  ])
  const joined = await run(both, tensor([0, 0, 1, 0, 1]).reshape(5, 1))
  t.deepEqual(
    joined.out,
    parts.flatMap(({ out }) => out as number[]),
  )
  t.deepEqual(joined.h, [[0, 0]], 'after an end there is no state')
  const sum = (i: number) => parts.reduce((total, { gradient }) => total + (gradient as number[])[i], 0)
  t.ok((joined.gradient as number[]).every((x, i) => Math.abs(x - sum(i)) < 1e-6))
  const beside = await run(
    both.mul(tensor([NaN, 1, 1, 1, 1]).reshape(5, 1, 1)),
    tensor([0, 0, 1, 0, 1]).reshape(5, 1),
  )
  t.deepEqual((beside.out as number[]).slice(3), parts[1].out)
})
