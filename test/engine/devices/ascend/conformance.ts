import test from 'tape'
import { ascendDevice } from '../../../../engine/devices/ascend/index.js'
import { ascendOptions } from '../../../../engine/devices/ascend/options.js'
import { registerDevice } from '../../../../engine/index.js'
import { deviceConformance } from '../../../../engine/testing/index.js'
import '../../allCells.js'
import { effort } from '../../effort.js'
import { setUpStub } from './cann.js'
import { buildStub, type Layout, liveObjects, noStub } from './stub.js'

/**
 * Run the conformance suite on the stub as it poses as a chip, with a version of CANN of some layout. One chip a process:
 * the stub is one card. `refuse`: operators that this version lacks, with commas.
 */
export async function conformanceOn(name: string, soc: string, layout: Layout, refuse = ''): Promise<void> {
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
  // With operators refused it is a second time for most.
  // The stub computes as exactly as its chip can: 910s have no exp, only 2^x, and the rounding of its argument grows with it.
  const is910 = !/910B\d/.test(soc)
  const errors = is910 ? { mapEps: 1e-5, matmulEps: 2e-3 } : { mapEps: 1e-6, matmulEps: 1e-6 }
  deviceConformance(test, name, { effort: refuse ? effort / 4 : effort, ...errors })
  test('nothing is left, misused or without padding when the device is closed', async t => {
    await close()
    for (const [what, count] of Object.entries(await liveObjects(folder))) t.equal(count, 0, what)
  })
}
