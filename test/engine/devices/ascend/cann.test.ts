import test, { type Test } from 'tape'
import { Acl } from '../../../../engine/devices/ascend/acl.js'
import { AscendError } from '../../../../engine/devices/ascend/errors.js'
import { ascendDevice } from '../../../../engine/devices/ascend/index.js'
import { type CFunction, type Ffi, Libraries, loadFfi } from '../../../../engine/devices/ascend/library.js'
import { declaredName } from '../../../../engine/devices/ascend/prototypes.js'
import type { Device } from '../../../../engine/index.js'
import { copyKernel } from '../../../../engine/kernel/build.js'
import { buildStub, noStub } from './stub.js'

// What CANN's source says of single calls, which the stub does not do: functions of it are replaced, by name.

/** Functions that take the place of others; `call` makes the call that was to be made. */
type Replacements = Readonly<Record<string, (call: CFunction, ...args: readonly unknown[]) => unknown>>

const missing = await noStub()
const folder = missing ? '' : buildStub()

/** The stub's libraries with functions replaced; those that it has not count as the runtime's. */
async function replaced(replacements: Replacements): Promise<Ffi> {
  const ffi = await loadFfi()
  return {
    ...ffi,
    load(path, options) {
      const library = ffi.load(path, options)
      const find = (prototype: string): CFunction => {
        try {
          return library.func(prototype)
        } catch (error) {
          if (!/acl(rt|sys)/.test(prototype) || !path.endsWith('libascendcl.so')) throw error
          return () => {
            throw new Error('the stub has no such function')
          }
        }
      }
      return {
        func(prototype) {
          const replacement = replacements[declaredName(prototype)]
          if (!replacement) return library.func(prototype)
          const call = find(prototype)
          return (...args) => replacement(call, ...args)
        },
      }
    },
  }
}

/** A test on the stub as `settings` say, with functions replaced. `open`: opens a device. */
function withStub(
  name: string,
  settings: Record<string, string>,
  replacements: Replacements,
  body: (
    t: Test,
    open: (options?: { card?: number; keepExecutors?: boolean }) => Promise<Device>,
  ) => Promise<void>,
): void {
  if (missing) {
    test(`${name} (${missing})`, { skip: true }, () => {})
    return
  }
  test(name, async t => {
    for (const key of Object.keys(process.env)) if (key.startsWith('ASCEND_STUB')) delete process.env[key]
    Object.assign(process.env, { ASCEND_STUB: folder }, settings)
    await body(t, options => ascendDevice(options, undefined, () => replaced(replacements)))
  })
}

/** Copies three numbers on a device, and returns them. */
async function copied(device: Device): Promise<number[]> {
  const program = device.compile(copyKernel('float32', [3], { offset: 0, strides: [1] }))!
  const [a, b] = [device.alloc(12), device.alloc(12)]
  device.write(a, new Float32Array([1, 2, 3]))
  device.run(program, [a, b])
  const result = [...new Float32Array(await device.read(b))]
  device.free(a)
  device.free(b)
  return result
}

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

withStub(
  'a kernel that failed: the query says complete, and the read fails all the same',
  { ASCEND_STUB_FAIL: 'device:1' },
  {
    aclrtStreamQuery(_, __, status) {
      ;(status as Int32Array)[0] = 0
      return 0
    },
  },
  async (t, open) => {
    const device = await open()
    const error = await errorOf(copied(device))
    t.ok(error instanceof AscendError && error.code === 507010, String(error))
    await device.close()
  },
)

const finalised: string[] = []
let initialisedBefore = false
let finalise: CFunction = () => undefined
withStub(
  'ACL is finalised by who initialised it, once nobody uses it',
  {},
  {
    aclInit(call, ...args) {
      const code = call(...args)
      return initialisedBefore ? 100002 : code
    },
    aclFinalize(call) {
      finalise = call
      finalised.push('aclFinalize')
      return call()
    },
  },
  async (t, open) => {
    const [first, second] = [await open(), await open()]
    const absent = await errorOf(open({ card: 1 }))
    t.match(String(absent), /card 1 cannot be opened: .*error 107001/)
    t.deepEqual(await copied(first), [1, 2, 3], 'the first works on')
    await first.close()
    t.deepEqual(finalised, [], 'the second still needs it')
    t.deepEqual(await copied(second), [1, 2, 3])
    await second.close()
    t.deepEqual(finalised, ['aclFinalize'])

    // The program around us has initialised ACL.
    initialisedBefore = true
    await (await open()).close()
    t.deepEqual(finalised, ['aclFinalize'], 'and is to finalise it')
    initialisedBefore = false
    finalise()
  },
)

withStub(
  'one card a process: calls mean the card that was set last',
  {},
  {
    aclrtGetDeviceCount(_, count) {
      ;(count as Uint32Array)[0] = 2
      return 0
    },
  },
  async (t, open) => {
    const device = await open()
    t.match(
      String(await errorOf(open({ card: 1 }))),
      /not available: card 1: this process computes on card 0; use another/,
    )
    t.deepEqual(await copied(device), [1, 2, 3])
    await device.close()
  },
)

const destroyed: unknown[] = []
const failed: unknown[] = []
for (const keepExecutors of [false, true])
  withStub(
    `an executor whose phase two fails is gone, unless it is repeatable (keepExecutors ${keepExecutors})`,
    {},
    {
      aclnnInplaceCopy(_, __, ___, executor) {
        failed.push(executor)
        return 361001
      },
      aclDestroyAclOpExecutor(call, executor) {
        destroyed.push(executor)
        return call(executor)
      },
    },
    async (t, open) => {
      const device = await open({ keepExecutors })
      destroyed.length = failed.length = 0
      t.match(String(await errorOf(copied(device))), /aclnnInplaceCopy: error 361001/)
      await device.close()
      t.equal(failed.length, 1)
      t.equal(
        destroyed.filter(executor => executor === failed[0]).length,
        keepExecutors ? 1 : 0,
        'what CANN has deleted is not destroyed again',
      )
    },
  )

let overflows = false
let ffi: Ffi | undefined
const overflowFunctions: Replacements = {
  aclrtGetOverflowStatus(_, status, bytes) {
    const words = new Uint32Array(ffi!.view(status as number, bytes as number))
    words.fill(0)
    words[0] = Number(overflows)
    return 0
  },
  aclrtResetOverflowStatus() {
    overflows = false
    return 0
  },
  aclrtSetStreamOverflowSwitch: () => 207000,
}
for (const [soc, saturates] of [
  ['Ascend910A', true],
  ['Ascend310P3', true],
  ['Ascend910B4', false],
] as const)
  withStub(
    `${soc}: floats ${saturates ? 'saturate, and overflows are told' : 'are those of IEEE 754'}`,
    { ASCEND_STUB_SOC: soc },
    overflowFunctions,
    async (t, open) => {
      ffi = await loadFfi()
      overflows = true
      const device = await open()
      t.equal(device.saturates ?? false, saturates, device.description)
      t.equal(device.overflowed !== undefined, saturates)
      if (saturates) {
        t.match(device.description, /floats saturate and overflows are reported/)
        t.notOk(await device.overflowed!(), 'what was before does not count')
        overflows = true
        t.ok(await device.overflowed!())
        t.notOk(await device.overflowed!(), 'told once')
      }
      await device.close()
    },
  )

withStub(
  'a version of CANN that tells of no overflows: the banner says so',
  { ASCEND_STUB_SOC: 'Ascend910A' },
  { aclrtResetOverflowStatus: () => 207000 },
  async (t, open) => {
    const device = await open()
    t.match(device.description, /floats saturate and overflows are not reported/)
    t.equal(device.overflowed, undefined)
    await device.close()
  },
)

/** Writes a text as C does. */
const writeText = (to: unknown, text: string): number => {
  ;(to as Uint8Array).set(new TextEncoder().encode(`${text}\0`))
  return 0
}
const older: Replacements = {
  aclsysGetVersionStr: () => 100003,
  aclrtGetVersion: () => 207000,
  aclsysGetCANNVersion: (_, number, version) => writeText(version, number === 7 ? '24.1.rc3' : '8.0.RC3'),
}
const newer: Replacements = {
  ...older,
  aclsysGetVersionStr: (_, name, version) => (name === 'driver' ? 100003 : writeText(version, '9.0.0')),
  aclrtGetVersion(_, ...parts) {
    for (const [i, part] of parts.entries()) (part as Int32Array)[0] = [1, 15, 0][i]
    return 0
  },
}
withStub('versions, by the newer function or the older one', {}, {}, async t => {
  const versionsWith = async (replacements: Replacements) => {
    const ffi = await replaced(replacements)
    const acl = new Acl(ffi, new Libraries(ffi, { ASCEND_STUB: folder }), 0)
    const found = [acl.packageVersion('runtime'), acl.packageVersion('driver'), acl.interfaceVersion()]
    acl.close()
    return found
  }
  t.deepEqual(await versionsWith({}), ['9.0.stub', '25.0.stub', '1.15.0'])
  t.deepEqual(await versionsWith(older), ['8.0.RC3', '24.1.rc3', undefined])
  t.deepEqual(await versionsWith(newer), ['9.0.0', '24.1.rc3', '1.15.0'])
})
