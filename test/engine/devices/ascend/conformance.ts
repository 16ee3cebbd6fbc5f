import test from 'tape'
import { ascendDevice } from '../../../../engine/devices/ascend/index.js'
import { type AscendOptions, ascendOptions } from '../../../../engine/devices/ascend/options.js'
import { registerDevice } from '../../../../engine/index.js'
import { deviceConformance } from '../../../../engine/testing/index.js'
import '../../allCells.js'
import { effort } from '../../../effort.js'
import { setUpStub } from './cann.js'
import { buildStub, type Layout, liveObjects, noStub, readCounters } from './stub.js'

/** How the conformance suite is run on the stub. */
type Setting = {
  /** The chip that it poses as. */
  readonly soc: string
  readonly layout: Layout
  /** What the device is opened with. */
  readonly open?: AscendOptions
  /** Operators that this version of CANN lacks, with commas. */
  readonly refuse?: string
  /** Random cases, as a multiple of the usual number. */
  readonly share?: number
}

/** Run the conformance suite on the stub. One chip a process: the stub is one card. */
export async function conformanceOn(
  name: string,
  { soc, layout, open = {}, refuse = '', share = 1 }: Setting,
): Promise<void> {
  const missing = await noStub()
  if (missing) {
    test(`conformance as ${soc} (${missing})`, { skip: true }, () => {})
    return
  }
  const folder = buildStub(layout)
  setUpStub(folder, { ASCEND_STUB_SOC: soc, ASCEND_STUB_REFUSE: refuse })
  let close = async () => {}
  registerDevice(
    name,
    async options => {
      const device = await ascendDevice(options)
      close = () => device.close()
      return device
    },
    { options: ascendOptions },
  )
  // The stub computes as exactly as its chip can: 910s have no exp, only 2^x, and the rounding of its argument grows with it.
  const is910 = !/910B\d/.test(soc)
  const errors = is910
    ? { mapEps: 1e-5, matmulEps: 2e-3 }
    : { mapEps: 1e-6, ...(!open.precision && { matmulEps: 1e-6 }) }
  deviceConformance(test, name, { effort: effort * share, open, ...errors })
  test('what is repeated is captured where the chip has graphs', async t => {
    const { replays } = await readCounters(folder)
    if (is910 || open.capture === 'off') t.equal(replays, 0)
    else t.ok(replays > 100 * share, `${replays} replays`)
  })
  test('nothing is left or misused when the device is closed', async t => {
    await close()
    // A random loop may write a step of an array beside another that it reads (see graphs.test), which the stub cannot tell
    // from memory that the bridge divides; fixed tests assert that the latter has room.
    const { unpadded: _, ...counts } = await liveObjects(folder)
    for (const [what, count] of Object.entries(counts)) t.equal(count, 0, what)
  })
}
