import type { Test } from 'tape'
import { ascendDevice } from '../../../../engine/devices/ascend/index.js'
import { type AscendOptions, ascendOptions } from '../../../../engine/devices/ascend/options.js'
import { type Device, openDevice, registerDevice } from '../../../../engine/index.js'
import { testUnless } from '../../../testUnless.js'
import { setUpStub } from './cann.js'
import { buildStub, type Counters, lastMisuse, liveObjects, noStub, readCounters } from './stub.js'

const missing = await noStub()

/** Where the stub's libraries are; empty without a compiler. */
export const folder = missing ? '' : buildStub()

export type Opened = {
  readonly device: Device
  /** The name that the device is registered under. */
  readonly registered: string
  /** Closes it before the test's end. */
  close(): Promise<void>
}

let opened = 0

/**
 * A test of devices on the stub, set up as `settings` say. `open` opens one under a new name; those that are still open at
 * the end are closed, and then nothing may be left, misused or without padding. `writesSteps`: but for steps of an array,
 * of which one is written beside another: parts of one tensor, in whole blocks, which the stub takes for divided memory.
 */
export function withStub(
  name: string,
  settings: Record<string, string>,
  body: (t: Test, open: (options?: AscendOptions) => Promise<Opened>) => Promise<void>,
  { writesSteps = false } = {},
): void {
  testUnless(missing, name, async t => {
    setUpStub(folder, settings)
    const before = await readCounters(folder)
    const devices = new Set<Device>()
    await body(t, async options => {
      const registered = `ascend ${++opened}`
      registerDevice(registered, given => ascendDevice(given), { options: ascendOptions })
      const { device } = await openDevice(registered, options)
      devices.add(device)
      const close = async () => {
        devices.delete(device)
        await device.close()
      }
      return { device, registered, close }
    })
    for (const device of devices) await device.close()
    const { misuses, ...live } = await liveObjects(folder)
    t.equal(misuses, before.misuses, `nothing is misused: ${await lastMisuse(folder)}`)
    const left = Object.entries(live).filter(
      ([what, count]) => count !== before[what as keyof Counters] && !(writesSteps && what === 'unpadded'),
    )
    t.deepEqual(left, [], 'nothing is left, or without padding')
  })
}

/** What the error of some work says. */
export async function failure(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'no failure'
  } catch (error) {
    return (error as Error).message
  }
}

/** How much some counters of the stub grow meanwhile. */
export async function growth(names: readonly (keyof Counters)[], work: () => unknown): Promise<number[]> {
  const before = await readCounters(folder)
  await work()
  const after = await readCounters(folder)
  return names.map(name => after[name] - before[name])
}
