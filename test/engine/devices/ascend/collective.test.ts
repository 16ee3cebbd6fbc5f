import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import test from 'tape'
import { Cann, setUpStub } from './cann.js'
import { buildStub, liveObjects, noStub } from './stub.js'

const missing = await noStub()
const script = fileURLToPath(new URL('collectiveRank.js', import.meta.url))

if (missing) test(`collectives (${missing})`, { skip: true }, () => {})
else
  test('stub: HcclAllReduce between two processes, in order with the stream', async t => {
    const folder = buildStub()
    setUpStub(folder)
    const cann = await Cann.load(folder)
    cann.open()
    const root = Buffer.alloc(4108)
    cann.must('HcclGetRootInfo', root)
    const child = spawn(process.execPath, [script, folder, root.toString('base64'), '10,20,30'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const output = text(child.stdout)
    // Waits until the other has joined.
    const communicator = cann.out('HcclCommInitRootInfo', [2, root, 0], 3)
    const [send, receive] = [
      [1, 2, 3],
      [0, 0, 0],
    ].map(v => cann.buffer(Float32Array.from(v)))
    const [x, y] = [send, receive].map(buffer => cann.tensor(buffer, [3]))
    const reduce = () => cann.must('HcclAllReduce', send, receive, 3, 4, 0, communicator, cann.stream)
    reduce()
    if (cann.launch('InplaceCopy', cann.plan('InplaceCopy', x, y))) throw new Error('not launched')
    reduce()
    for (let [, isBusy] = cann.query(); isBusy; [, isBusy] = cann.query()) await setImmediate()
    cann.must('aclrtSynchronizeStream', cann.stream)
    t.deepEqual(cann.read(send, 3), [11, 22, 33], 'what the kernel between them saw')
    t.deepEqual(cann.read(receive, 3), [21, 42, 63])
    t.equal(await output, '21,42,63', 'the same in the other process')
    if (child.exitCode === null) await once(child, 'exit')
    t.equal(child.exitCode, 0)
    cann.must('HcclCommDestroy', communicator)
    cann.destroy(x, y)
    cann.free(send, receive)
    cann.close()
    t.deepEqual(
      Object.entries(await liveObjects(folder)).filter(([, count]) => count !== 0),
      [],
    )
  })
