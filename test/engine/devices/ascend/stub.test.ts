import test, { type Test } from 'tape'
import { Cann, setUpStub } from './cann.js'
import { buildStub, lastMisuse, liveObjects, noStub, readCounters } from './stub.js'

// The stub itself, called as a C program would: what it does is what CANN's source says, whatever the bridge does.

const missing = await noStub()
const folder = missing ? '' : buildStub()

/** A test on an open card. What it misuses it counts itself; nothing else may be left. */
function onCard(
  name: string,
  settings: Record<string, string>,
  body: (t: Test, cann: Cann) => Promise<void> | void,
  misuses = 0,
): void {
  if (missing) {
    test(`${name} (${missing})`, { skip: true }, () => {})
    return
  }
  test(`stub: ${name}`, async t => {
    setUpStub(folder, settings)
    const before = await readCounters(folder)
    const cann = await Cann.load(folder)
    cann.open()
    try {
      await body(t, cann)
    } finally {
      cann.close()
    }
    const { misuses: after, unpadded, ...left } = await liveObjects(folder)
    t.equal(after! - before.misuses, misuses, `${misuses} misuses are counted`)
    t.deepEqual(
      Object.entries(left).filter(([, count]) => count !== 0),
      [],
      'nothing is left',
    )
  })
}

const old = { ASCEND_STUB_SOC: 'Ascend910A' }
const floats = (...values: number[]): Float32Array => Float32Array.from(values)
const largest = 2 ** 127 * (2 - 2 ** -23)

/** Tensors of whole buffers, and what ends them. */
function operands(
  cann: Cann,
  ...values: Float32Array[]
): { tensors: bigint[]; buffers: bigint[]; end(): void } {
  const buffers = values.map(v => cann.buffer(v))
  const tensors = buffers.map((buffer, i) => cann.tensor(buffer, [values[i].length]))
  const end = () => {
    cann.destroy(...tensors)
    cann.free(...buffers)
  }
  return { tensors, buffers, end }
}

onCard(
  'a kernel that fails: the query says done, the synchronisation says so once',
  { ASCEND_STUB_FAIL: 'kernel:2' },
  (t, cann) => {
    const { tensors, buffers, end } = operands(cann, floats(1), floats(0), floats(0), floats(0))
    const [x, ...results] = tensors
    for (const y of results) t.equal(cann.launch('Neg', cann.plan('Neg', x, y)), 0)
    t.deepEqual(cann.query(), [0, 0], 'complete, without error')
    t.equal(cann.call('aclrtSynchronizeStream', cann.stream), 507015)
    t.match(String(cann.call('aclGetRecentErrMsg')), /Neg: injected exception/)
    t.equal(cann.call('aclrtSynchronizeStream', cann.stream), 0, 'once')
    t.deepEqual(
      buffers.map(b => cann.read(b, 1)[0]),
      [1, -1, 0, -1],
      'those behind it have run',
    )
    end()
  },
)

onCard('a card that is lost says so everywhere', { ASCEND_STUB_FAIL: 'device:1' }, (t, cann) => {
  const { tensors, buffers } = operands(cann, floats(1), floats(0))
  cann.launch('Neg', cann.plan('Neg', tensors[0], tensors[1]))
  t.equal(cann.query()[0], 507010)
  t.equal(cann.call('aclrtSynchronizeStream', cann.stream), 507010)
  t.equal(cann.launch('Neg', cann.plan('Neg', tensors[0], tensors[1])), 361001)
  cann.destroy(...tensors)
  cann.free(...buffers)
})

onCard('a kernel that never ends', { ASCEND_STUB_FAIL: 'hang:1' }, (t, cann) => {
  const { tensors, end } = operands(cann, floats(1), floats(0))
  cann.launch('Neg', cann.plan('Neg', tensors[0], tensors[1]))
  t.deepEqual(cann.query(), [0, 1])
  t.equal(cann.call('aclrtSynchronizeStreamWithTimeout', cann.stream, 10), 507046)
  t.equal(cann.call('aclrtSynchronizeStream', cann.stream), 507014, "the runtime's own limit")
  end()
})

onCard(
  'phase two that fails: the executor is gone, unless it is repeatable',
  { ASCEND_STUB_FAIL: 'launch:1' },
  async (t, cann) => {
    const { tensors, end } = operands(cann, floats(1), floats(0))
    const [x, y] = tensors
    const executor = cann.plan('Neg', x, y)
    t.equal(cann.launch('Neg', executor), 361001)
    t.equal((await readCounters(folder)).executors, 0)
    t.equal(cann.call('aclDestroyAclOpExecutor', executor), 561103)
    t.match(await lastMisuse(folder), /^aclDestroyAclOpExecutor of what is none, or was destroyed before/)
    t.equal(cann.launch('Neg', executor), 361001, 'and cannot be launched')
    // A workspace that is missing ends any executor.
    const repeatable = cann.plan('Neg', x, y)
    cann.must('aclSetAclOpExecutorRepeatable', repeatable)
    t.equal(cann.call('aclnnNeg', null, 64, repeatable, cann.stream), 161001)
    t.equal((await readCounters(folder)).executors, 0)
    end()
  },
  2,
)

onCard('a repeatable executor outlives a failed launch', { ASCEND_STUB_FAIL: 'launch:2' }, (t, cann) => {
  const { tensors, buffers, end } = operands(cann, floats(1), floats(0))
  const executor = cann.plan('Neg', tensors[0], tensors[1])
  cann.must('aclSetAclOpExecutorRepeatable', executor)
  t.deepEqual(
    [1, 2, 3].map(() => cann.launch('Neg', executor)),
    [0, 361001, 0],
  )
  cann.must('aclrtSynchronizeStream', cann.stream)
  t.deepEqual(cann.read(buffers[1], 1), [-1])
  cann.must('aclDestroyAclOpExecutor', executor)
  end()
})

onCard(
  'tensors are kept as bare pointers: addresses are set in them, and they have to live until the launch',
  {},
  async (t, cann) => {
    const { tensors, buffers } = operands(cann, floats(1), floats(0), floats(5))
    const [x, y, other] = tensors
    const executor = cann.plan('Neg', x, y)
    cann.must('aclSetAclOpExecutorRepeatable', executor)
    // The index is not looked at.
    cann.must('aclSetInputTensorAddr', executor, 7, x, buffers[2])
    t.equal(cann.launch('Neg', executor), 0)
    cann.must('aclrtSynchronizeStream', cann.stream)
    t.deepEqual(cann.read(buffers[1], 1), [-5])
    cann.destroy(x)
    t.equal(cann.launch('Neg', executor), 361001)
    t.match(await lastMisuse(folder), /^Neg: operand 0 was destroyed before the executor ran/)
    cann.must('aclDestroyAclOpExecutor', executor)
    cann.destroy(y, other)
    cann.free(...buffers)
  },
  1,
)

onCard('what cannot be repeated', { ASCEND_STUB_AICPU: 'Abs' }, (t, cann) => {
  const { tensors, end } = operands(cann, floats(1), floats(0))
  const [x, y] = tensors
  const repeats = (operator: string, ...args: unknown[]): unknown => {
    const executor = cann.plan(operator, ...args)
    const code = cann.call('aclSetAclOpExecutorRepeatable', executor)
    cann.must('aclDestroyAclOpExecutor', executor)
    return code
  }
  t.equal(repeats('Neg', x, y), 0)
  t.equal(repeats('Abs', x, y), 561000, 'on an AI CPU')
  t.equal(repeats('InplaceCopy', x, x), 561000, 'a copy onto itself')
  // What ran once is taken from the cache of operators the next time: a wrapper, which runs once, too.
  cann.run('Neg', x, y)
  t.equal(repeats('Neg', x, y), 561000, 'from the cache')
  cann.run('Neg', x, y)
  end()
})

onCard('memory that was freed when a kernel runs', {}, (t, cann) => {
  const { tensors, buffers } = operands(cann, floats(1), floats(0))
  cann.launch('Neg', cann.plan('Neg', tensors[0], tensors[1]))
  cann.free(...buffers)
  t.equal(cann.call('aclrtSynchronizeStream', cann.stream), 507015)
  t.match(String(cann.call('aclGetRecentErrMsg')), /Neg: operand 0 is in freed memory/)
  cann.destroy(...tensors)
})

if (!missing)
  test('stub: who initialised it', async t => {
    setUpStub(folder, { ASCEND_STUB_CARDS: '2' })
    const cann = await Cann.load(folder)
    const count = new Uint32Array(1)
    const codes = (...names: string[]) =>
      names.map(name => cann.call(name, ...(name === 'aclInit' ? [null] : [])))
    t.deepEqual(codes('aclInit', 'aclInit'), [0, 100002])
    t.deepEqual([cann.call('aclFinalizeReference', null), cann.call('aclrtGetDeviceCount', count)], [0, 0])
    t.equal(count[0], 2)
    t.deepEqual(codes('aclInit', 'aclFinalize'), [100002, 0], 'one aclFinalize is enough for all')
    t.equal(cann.call('aclrtGetDeviceCount', count), 100001)
    t.deepEqual(codes('aclFinalize'), [100037])

    cann.open()
    t.equal(cann.call('aclrtSetDevice', 2), 107001)
    cann.must('aclrtSetDevice', 1)
    t.equal(cann.query()[0], 107003, "a stream belongs to a card, and the thread's is another one now")
    cann.must('aclrtSetDevice', 0)
    t.deepEqual(cann.query(), [0, 0])
    cann.must('aclrtResetDevice', 1)
    cann.close()
  })

onCard('910: infinity becomes the largest number, NaN 0, and a flag tells', old, (t, cann) => {
  const { tensors, buffers, end } = operands(
    cann,
    floats(3e38, -3e38, 0),
    floats(10, 10, Infinity),
    floats(0, 0, 0),
  )
  const flags = cann.out('aclrtMalloc', [64, 0])
  const overflowed = (): number => {
    cann.must('aclrtGetOverflowStatus', flags, 64, cann.stream)
    cann.must('aclrtSynchronizeStream', cann.stream)
    return new Uint32Array(floats(...cann.read(flags, 1)).buffer)[0]
  }
  t.equal(overflowed(), 0)
  cann.run('Mul', ...tensors)
  t.deepEqual(cann.read(buffers[2], 3), [largest, -largest, 0])
  t.equal(overflowed(), 1)
  cann.must('aclrtResetOverflowStatus', cann.stream)
  t.equal(overflowed(), 0)
  // Moving bits is no arithmetic.
  cann.run('InplaceCopy', tensors[2], tensors[1])
  t.deepEqual(cann.read(buffers[2], 3), [10, 10, Infinity])
  const mode = new Int32Array(1)
  cann.must('aclrtGetDeviceSatMode', mode)
  t.equal(mode[0], 0)
  t.equal(cann.call('aclrtSetDeviceSatMode', 1), 207000, 'no other mode')
  t.equal(cann.call('aclrtSetStreamOverflowSwitch', cann.stream, 1), 207000)
  cann.free(flags)
  end()
})

onCard('A2: infinity and NaN, unless saturation is asked for', {}, (t, cann) => {
  const { tensors, buffers, end } = operands(cann, floats(3e38, 0), floats(10, Infinity), floats(0, 0))
  cann.run('Mul', ...tensors)
  t.deepEqual(cann.read(buffers[2], 2), [Infinity, NaN])
  cann.must('aclrtSetDeviceSatMode', 0)
  cann.must('aclrtSetStreamOverflowSwitch', cann.stream, 1)
  cann.run('Mul', ...tensors)
  t.deepEqual(cann.read(buffers[2], 2), [largest, 0])
  end()
})

/** 300 times 300, in a product of 1x1 matrices. */
const product = (cann: Cann, cubeMathType: number): number => {
  const buffers = [300, 300, 0].map(x => cann.buffer(floats(x)))
  const tensors = buffers.map(b => cann.tensor(b, [1, 1]))
  try {
    cann.run('Matmul', ...tensors, cubeMathType)
    return cann.read(buffers[2], 1)[0]
  } finally {
    cann.destroy(...tensors)
    cann.free(...buffers)
  }
}
onCard('A2: USE_FP16 gives halves, of which 65504 is the largest', {}, (t, cann) => {
  t.deepEqual(
    [0, 1, 2, 3].map(mode => product(cann, mode)),
    [90000, 90000, Infinity, 90000],
  )
})
onCard('910: halves are multiplied into float32', old, (t, cann) => {
  t.equal(product(cann, 1), 90000)
  t.throws(() => product(cann, 0), /161002/)
})

onCard('sums are of float32', {}, (t, cann) => {
  const values = new Float32Array(24)
  values.set([2 ** 24, 0, 0, 0, 0, 0, 0, 0, 1])
  values[16] = 1
  const { tensors, buffers, end } = operands(cann, values, floats(0))
  const axes = cann.ints([0])
  cann.run('ReduceSum', tensors[0], axes, true, 0, tensors[1])
  t.deepEqual(cann.read(buffers[1], 1), [2 ** 24], 'each 1 is lost')
  cann.must('aclDestroyIntArray', axes)
  end()
})

for (const [soc, isOverwritten] of [
  ['Ascend910A', true],
  ['Ascend310P3', true],
  ['Ascend910B4', false],
] as const)
  onCard(`tails of 32 bytes on ${soc}`, { ASCEND_STUB_SOC: soc }, (t, cann) => {
    const [from, to] = [3, 16].map(n => cann.buffer(new Float32Array(n).fill(1)))
    const x = cann.tensor(from, [3])
    // The first three elements, of a storage that claims to end there, or of what it is.
    const [claims, whole] = [3, 16].map(storage => cann.tensor(to, [3], { storage }))
    const executor = cann.plan('Neg', x, whole)
    t.equal(
      cann.call('aclSetAclOpExecutorRepeatable', executor),
      isOverwritten ? 561000 : 0,
      'copied in place',
    )
    cann.launch('Neg', executor)
    if (!isOverwritten) cann.must('aclDestroyAclOpExecutor', executor)
    cann.must('aclrtSynchronizeStream', cann.stream)
    t.deepEqual(cann.read(to, 8), [-1, -1, -1, 1, 1, 1, 1, 1])
    cann.run('Neg', x, claims)
    const tail = isOverwritten ? [NaN, NaN, NaN, NaN, NaN] : [1, 1, 1, 1, 1]
    t.deepEqual(cann.read(to, 9), [-1, -1, -1, ...tail, 1])
    cann.destroy(x, claims, whole)
    cann.free(from, to)
  })

onCard('slices that are none, and parts of memory without padding', {}, async (t, cann) => {
  const buffer = cann.buffer(new Float32Array(64))
  const result = cann.buffer(new Float32Array(8))
  const out = cann.tensor(result, [3, 2])
  const counted = async (
    name: 'asStrided' | 'unpadded',
    operator: string,
    ...tensors: bigint[]
  ): Promise<number> => {
    const before = await readCounters(folder)
    cann.run(operator, ...tensors)
    cann.destroy(tensors[0])
    return (await readCounters(folder))[name] - before[name]
  }
  const rows = (storage: number) => cann.tensor(buffer, [3, 2], { strides: [4, 1], storage })
  t.equal(await counted('asStrided', 'Neg', rows(12), out), 0)
  t.equal(await counted('asStrided', 'Neg', rows(10), out), 1, 'the last row is not whole')
  t.equal(
    await counted('asStrided', 'Neg', cann.tensor(buffer, [3, 2], { strides: [1, 3] }), out),
    0,
    'transposed',
  )

  const part = (element: number): bigint => cann.tensor(buffer + BigInt(4 * element), [8])
  const [near, far] = [8, 16].map(part)
  t.equal(await counted('unpadded', 'Neg', part(0), near), 1, 'next to each other')
  t.equal(await counted('unpadded', 'Neg', part(0), far), 0)
  const sum = cann.tensor(result, [8])
  t.equal(await counted('unpadded', 'Mul', part(0), near, sum), 0, 'neighbours that are only read')
  cann.destroy(out, near, far, sum)
  cann.free(buffer, result)
})

onCard('sums and products in one operator, and counting', {}, (t, cann) => {
  const buffers = [floats(1, 2, 3, 4), floats(1, 0, 0, 2), floats(10, 20), floats(0, 0, 0, 0)].map(v =>
    cann.buffer(v),
  )
  const [a, b, result] = [0, 1, 3].map(i => cann.tensor(buffers[i], [2, 2]))
  const row = cann.tensor(buffers[2], [2])
  const [one, two] = [1, 2].map(x => cann.scalar(x))
  cann.run('Addmm', row, a, b, one, two, result, 0)
  t.deepEqual(cann.read(buffers[3], 4), [12, 28, 16, 36])
  cann.run('Mm', a, b, result, 0)
  t.deepEqual(cann.read(buffers[3], 4), [1, 4, 3, 8])
  cann.run('InplaceAdd', result, a, two)
  t.deepEqual(cann.read(buffers[3], 4), [3, 8, 9, 16])
  const batches = [0, 1, 3].map(i => cann.tensor(buffers[i], [1, 2, 2]))
  cann.run('BatchMatMul', ...batches, 0)
  t.deepEqual(cann.read(buffers[3], 4), [1, 4, 3, 8])
  const counted = cann.tensor(buffers[3], [2])
  const five = cann.scalar(5)
  cann.run('Arange', one, five, two, counted)
  t.deepEqual(cann.read(buffers[3], 2), [1, 3])
  for (const scalar of [one, two, five]) cann.must('aclDestroyScalar', scalar)
  cann.destroy(a, b, result, row, counted, ...batches)
  cann.free(...buffers)
})

onCard('events, versions and the last error', {}, (t, cann) => {
  const [start, end] = [0, 1].map(() => cann.out('aclrtCreateEvent'))
  const milliseconds = Float32Array.of(-1)
  cann.must('aclrtRecordEvent', start, cann.stream)
  cann.must('aclrtRecordEvent', end, cann.stream)
  t.equal(cann.call('aclrtEventElapsedTime', milliseconds, start, end), 100000, 'not yet')
  cann.must('aclrtSynchronizeStream', cann.stream)
  cann.must('aclrtEventElapsedTime', milliseconds, start, end)
  t.ok(milliseconds[0] >= 0)
  for (const event of [start, end]) cann.must('aclrtDestroyEvent', event)

  const version = new Uint8Array(512)
  cann.must('aclsysGetCANNVersion', 0, version)
  t.match(Buffer.from(version).toString('latin1'), /^9\.0\.stub\0/)
  cann.must('aclsysGetVersionStr', Buffer.from('runtime\0'), version)
  t.equal(cann.call('aclsysGetVersionStr', Buffer.from('driver\0'), version), 100000)
  t.deepEqual(
    ['aclrtPeekAtLastError', 'aclrtGetLastError', 'aclrtGetLastError'].map(name => cann.call(name, 0)),
    [100000, 100000, 0],
  )
})
