import {
  compile,
  type Device,
  openDevice,
  scan,
  scope,
  type Tensor,
  tensor,
  zeros,
} from '../../../../engine/index.js'
import { lstm } from '../../../../model/cells/lstm.js'
import { initialState, makeTrainStep } from '../../../../model/index.js'
import { failure, growth, withStub } from './onStub.js'

const vector = (...values: number[]) => tensor(values)

withStub('work that is repeated on the same addresses is one call', {}, async (t, open) => {
  const { registered: name } = await open()
  const f = compile((x: Tensor, y: Tensor) => x.mul(y).tanh().add(x), { device: name })
  const [x, y, z] = [vector(1, 2, 3), vector(4, 5, 6), vector(7, 8, 9)]
  const call = async (a: Tensor, b: Tensor) => {
    const result = f(a, b)
    const values = await result.data()
    result.dispose()
    return [...values].map(v => v.toFixed(5)).join()
  }
  const want = (a: number[], b: number[]) => a.map((v, i) => (Math.tanh(v * b[i]) + v).toFixed(5)).join()
  const grows = (work: () => unknown) => growth(['replays', 'launches', 'models'], work)
  const step = (a: Tensor, b: Tensor, expected: string) => async () => t.equal(await call(a, b), expected)
  const xy = step(x, y, want([1, 2, 3], [4, 5, 6]))
  const yz = step(y, z, want([4, 5, 6], [7, 8, 9]))
  t.deepEqual(await grows(xy), [0, 3, 0], 'enqueued call by call')
  t.deepEqual(await grows(xy), [1, 3, 1], 'captured')
  t.deepEqual(await grows(xy), [1, 0, 0], 'one call')
  t.deepEqual(await grows(yz), [0, 3, 0], 'other addresses')
  t.deepEqual(await grows(yz), [1, 3, 1], 'have a graph of their own')
  t.deepEqual(await grows(async () => [await xy(), await yz()]), [2, 0, 0], 'both are kept')
  x.assign(Float32Array.of(0, 0, 1))
  t.equal(await call(x, y), want([0, 0, 1], [4, 5, 6]), 'it reads what is there now')
  t.deepEqual(await grows(() => f.dispose()), [0, 0, -2], 'graphs go with the function')
})

withStub(
  'more addresses than are remembered: some have graphs, and none come and go',
  {},
  async (t, open) => {
    const { registered: name } = await open()
    const f = compile((x: Tensor) => x.mul(2), { device: name })
    const xs = Array.from({ length: 6 }, (_, i) => vector(i, -i))
    const round = async () => {
      for (const [i, x] of xs.entries()) {
        const y = f(x)
        t.equal((await y.data())[0], 2 * i)
        y.dispose()
      }
    }
    const rounds: number[][] = []
    for (let i = 0; i < 4; i++) rounds.push(await growth(['models', 'replays', 'launches'], round))
    t.deepEqual(rounds, [
      [0, 0, 6],
      [4, 4, 6],
      [0, 4, 2],
      [0, 4, 2],
    ])
    // Those that were used first are not any more; others take their place.
    for (let i = 0; i < 120; i++) f(xs[5]).dispose()
    t.deepEqual(await growth(['replays', 'launches'], async () => f(xs[5]).dispose()), [1, 0])
  },
)

withStub('a graph goes when memory that all share has moved', {}, async (t, open) => {
  const { registered: name } = await open()
  const programOf = (size: number) => {
    const f = compile((x: Tensor) => x.exp().mul(x.tanh()).sum(), { device: name })
    const x = tensor(Float32Array.from({ length: size }, (_, i) => Math.sin(i)))
    const expected = Array.from({ length: size }, (_, i) => Math.sin(i)).reduce(
      (sum, v) => sum + Math.exp(v) * Math.tanh(v),
      0,
    )
    return async () => {
      const y = f(x)
      const actual = await y.item()
      y.dispose()
      t.ok(Math.abs(actual - expected) < 1e-4 * Math.abs(expected) + 1e-4, `${actual}, ${expected}`)
    }
  }
  const [small, large] = [programOf(10), programOf(100_000)]
  for (let i = 0; i < 3; i++) await small()
  await large()
  t.deepEqual(await growth(['replays', 'models'], small), [1, 0], 'captured again')
  t.deepEqual(await growth(['replays', 'launches'], small), [1, 0])
})

withStub('capture: off and on', {}, async (t, open) => {
  const { device } = await open({ capture: 'off' })
  t.equal(device.runAll, undefined)
  t.match(device.description, /no graphs/)
  t.match((await open({ capture: 'on' })).device.description, /repeated work kept as graphs/)
})

withStub('capture on a card without graphs', { ASCEND_STUB_SOC: 'Ascend910A' }, async (t, open) => {
  t.match((await open()).device.description, /no graphs/)
  t.match(
    await failure(() => open({ capture: 'on' })),
    /^device 'ascend' is not available: capture is on, and Ascend910A keeps no graphs \(error 207000, the chip has no such feature\); open it with capture auto$/,
  )
})

for (const call of ['aclmdlRICaptureBegin:2', 'aclmdlRICaptureEnd:2', 'aclmdlRIExecuteAsync:1'])
  withStub(
    `a capture that fails is said, and nothing of it runs: ${call}`,
    { ASCEND_STUB_FAIL: call },
    async (t, open) => {
      const { registered: name } = await open()
      const increment = compile((x: Tensor) => x.add(1), { device: name, donate: [0] })
      let x = increment(vector(1, 2))
      const message = await failure(async () => {
        for (let i = 0; i < 3; i++) x = increment(x)
      })
      t.match(message, /^ascend: aclmdlRI\w+: error \d+, [^\n]+$/)
      t.deepEqual([...(await x.data())], [2, 3])
      t.deepEqual([...(await increment(x).data())], [3, 4], 'and it goes on')
    },
  )

for (const [soc, refuse] of [
  ['Ascend910B4', ''],
  ['Ascend910A', ''],
  ['Ascend310P3', ''],
  ['Ascend910B4', 'BitwiseXorTensor'],
])
  withStub(
    `random bits, ${soc}${refuse && ` without ${refuse}`}`,
    { ASCEND_STUB_SOC: soc, ASCEND_STUB_REFUSE: refuse },
    async (t, open) => {
      const kernel = { kind: 'randomBits', streams: 3, count: 29 } as const
      const draw = async (device: Device) => {
        const program = device.compile(kernel)!
        const [key, streams, bits] = [8, 12, 4 * 87].map(bytes => device.alloc(bytes))
        device.write(key, Int32Array.of(-5, 1 << 30))
        device.write(streams, Int32Array.of(0, 7, -1))
        const [launches] = await growth(['launches'], () => device.run(program, [key, streams, bits]))
        const words = new Int32Array(await device.read(bits)).join()
        for (const buffer of [key, streams, bits]) device.free(buffer)
        return { words, isOnCard: launches > 0 }
      }
      const reference = await draw((await openDevice('reference')).device)
      const { words, isOnCard } = await draw((await open()).device)
      t.equal(words, reference.words)
      t.equal(isOnCard, !refuse, `on the ${isOnCard ? 'card' : 'host'}`)
    },
  )

withStub(
  'what cannot be captured is refused',
  { ASCEND_STUB_REFUSE: 'BitwiseXorTensor' },
  async (t, open) => {
    const { registered: name } = await open({ capture: 'on' })
    const options = { cell: lstm, hidden: 3, learningRate: 0.1, dropoutRate: 0.1, seed: 1, device: name }
    const regulariser = { regulariserType: 'l2', regulariserWeight: 0 } as const
    const { compiled } = makeTrainStep({ ...options, ...regulariser })
    const tokens = tensor(new Int32Array(12), { shape: [2, 6] })
    t.match(
      await failure(() => compiled(initialState({ ...options, ...regulariser }), tokens)),
      /^ascend: capture is on, and this computation draws random numbers, which this card leaves to the host; open it with capture auto$/,
    )
  },
)

withStub(
  'a training step is at most 20 calls, and its losses are those of every operator enqueued',
  {},
  async (t, open) => {
    const losses = async (capture: 'on' | 'off') => {
      const { registered: name } = await open({ capture })
      const options = {
        ...{ cell: lstm, hidden: 8, learningRate: 0.01, dropoutRate: 0.1, seed: 1, device: name },
        ...({ regulariserType: 'l2', regulariserWeight: 1e-3 } as const),
      }
      const step = makeTrainStep(options)
      let state = initialState(options)
      const seen: number[] = []
      let calls = 0
      for (let i = 0; i < 6; i++) {
        ;[calls] = await growth(['calls'], async () => {
          // As a training feeds it: a new batch for each step.
          const tokens = tensor(
            Int32Array.from({ length: 60 }, (_, k) => (k * k + i) % 4),
            { shape: [3, 20] },
          )
          const { state: next, metrics } = await step(state, tokens)
          tokens.dispose()
          state = next
          seen.push(metrics.loss)
        })
      }
      scope(() => step.compiled.dispose())
      return { seen, calls }
    }
    const [captured, enqueued] = [await losses('on'), await losses('off')]
    t.deepEqual(captured.seen, enqueued.seen)
    t.ok(captured.calls <= 20, `${captured.calls} calls, enqueued one by one ${enqueued.calls}`)
    t.ok(enqueued.calls > 500)
  },
)

withStub('a loop that reads two neighbouring steps of one array, in whole blocks', {}, async (t, open) => {
  const { registered: name } = await open()
  const last = (device: string) =>
    compile(
      (all: Tensor) =>
        scan(
          (h: Tensor, { x, y }: { x: Tensor; y: Tensor }) => ({ carry: h.add(x.mul(y)), out: h }),
          zeros([8]),
          { x: all.slice(0, 0, 6), y: all.slice(0, 1, 7) },
        ).carry,
      { device },
    )
  const all = Float32Array.from({ length: 7 * 8 }, (_, i) => i % 5)
  const [actual, expected] = await Promise.all(
    [name, 'reference'].map(device => last(device)(tensor(all, { shape: [7, 8] })).data()),
  )
  t.deepEqual(actual, expected)
})

for (const soc of ['Ascend910A', 'Ascend310P3', 'Ascend910B4'])
  withStub(
    `${soc}: a carry that lies where it is stacked is written beside the step before`,
    { ASCEND_STUB_SOC: soc },
    async (t, open) => {
      const { registered } = await open()
      for (const width of [7, 8]) {
        const sums = (device: string) =>
          compile(
            (xs: Tensor) =>
              scan(
                (h: Tensor, x: Tensor) => {
                  const carry = h.add(x)
                  return { carry, out: carry }
                },
                zeros([width]),
                xs,
              ).out,
            { device },
          )
        const xs = Float32Array.from({ length: 5 * width }, (_, i) => (i % 7) - 2)
        const [actual, expected] = await Promise.all(
          [registered, 'reference'].map(device => sums(device)(tensor(xs, { shape: [5, width] })).data()),
        )
        t.deepEqual(actual, expected, `of ${width} elements`)
      }
    },
    { writesSteps: true },
  )
