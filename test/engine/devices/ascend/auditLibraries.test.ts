import test from 'tape'
import { ascendDevice } from '../../../../engine/devices/ascend/index.js'
import { setUpStub } from './cann.js'
import { buildStub, liveObjects, noStub } from './stub.js'

// Finding 2 of the audit, in a process of its own: what is loaded stays loaded.
const missing = await noStub()

if (missing) test(`2. libraries of operators (${missing})`, { skip: true }, () => {})
else
  test('2. where there are split libraries of operators, the one library is left alone', async t => {
    const folder = buildStub('both')
    setUpStub(folder)
    const device = await ascendDevice().catch((error: Error) => error)
    t.notOk(device instanceof Error, device instanceof Error ? device.message : 'opens')
    if (!(device instanceof Error)) await device.close()
    t.equal((await liveObjects(folder)).misuses, 0)
  })
