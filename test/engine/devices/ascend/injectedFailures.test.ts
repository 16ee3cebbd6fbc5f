import test from 'tape'
import { ascendDevice } from '../../../../engine/devices/ascend/index.js'
import { ascendOptions } from '../../../../engine/devices/ascend/options.js'
import {
  compile,
  dropout,
  openDevice,
  randomKey,
  registerDevice,
  type Tensor,
  tensor,
} from '../../../../engine/index.js'
import { setUpStub } from './cann.js'
import { readDeclarations } from './declarations.js'
import { buildStub, type Counters, lastMisuse, noStub, readCounters } from './stub.js'

// Every function of CANN fails once, at its first, second and fourth call: one clear line, and nothing is left.

const missing = await noStub()
const folder = missing ? '' : buildStub()

/** From opening to closing: three programs, called with new numbers, captured, and memory given back. */
async function useDevice(name: string): Promise<void> {
  registerDevice(name, options => ascendDevice(options), { options: ascendOptions })
  const { device } = await openDevice(name)
  try {
    const product = compile((x: Tensor, w: Tensor) => x.matmul(w).tanh().sum(), { device: name })
    const masked = compile((x: Tensor) => x.less(0).mul(x).exp(), { device: name })
    const dropped = compile((x: Tensor) => dropout(x, 0.5, randomKey(1)).sum(), { device: name })
    for (let i = 0; i < 4; i++) {
      const x = tensor(
        Float32Array.from({ length: 16 }, (_, k) => Math.sin(i + k)),
        { shape: [4, 4] },
      )
      for (const y of [product(x, x), masked(x), dropped(x)]) {
        await y.data()
        y.dispose()
      }
      // So that the next one lies there, and work is captured.
      x.dispose()
    }
  } finally {
    await device.close()
  }
}

const phases = ['Matmul', 'Tanh', 'ReduceSum', 'GtTensor', 'Cast', 'Mul', 'Exp', 'InplaceCopy'].flatMap(
  operator => [`aclnn${operator}GetWorkspaceSize`, `aclnn${operator}`],
)
const runtime = readDeclarations()
  .map(({ name }) => name)
  .filter(name => /^acl(rt|mdlRI|Init|Create|Destroy|Set)/.test(name))
/** What gives something back: when it fails, that is still there. */
const gives = /Destroy|Free|Reset/
/** What there is another way for: doing without, a second try, other operators. */
const isOptional =
  /^(aclrtCtxSetSysParamOpt|aclrtGetDeviceSatMode|aclSetAclOpExecutorRepeatable|malloc|plan)$/

if (missing) test(`injected failures (${missing})`, { skip: true }, () => {})
else
  test('every function fails at some time: one line, nothing left, nothing misused', async t => {
    let [happened, cases] = [0, 0]
    const live = (c: Counters) =>
      [c.memory, c.hostMemory, c.tensors, c.scalars, c.intArrays, c.executors, c.streams, c.models].join()
    for (const what of [...runtime, ...phases, 'plan', 'launch', 'malloc', 'kernel', 'device'])
      for (const time of [1, 2, 4]) {
        setUpStub(folder, { ASCEND_STUB_FAIL: `${what}:${time}` })
        const before = await readCounters(folder)
        const error = await useDevice(`ascend ${++cases}`).catch((error: Error) => error)
        const after = await readCounters(folder)
        const title = `${what}, call ${time}`
        if (after.misuses !== before.misuses) t.fail(`${title}: ${await lastMisuse(folder)}`)
        if (!gives.test(what) && live(after) !== live(before))
          t.fail(`${title}: ${live(before)} became ${live(after)}`)
        if (after.injected === before.injected) continue
        happened++
        // The first capture asks whether the card has graphs; where it fails, the device says that it has none.
        const onlyAsks = /^aclmdlRICapture/.test(what) && time === 1
        if (!error) {
          if (!gives.test(what) && !isOptional.test(what) && !onlyAsks) t.fail(`${title}: nobody noticed`)
        } else if (!/^(ascend: |device 'ascend( \d+)?' is not available: )[^\n]+$/.test(error.message))
          t.fail(`${title}: ${error.message}`)
      }
    t.ok(happened >= 60, `${happened} of ${cases} failures were met`)
  })
