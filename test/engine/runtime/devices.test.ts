import test from 'tape'
import { option } from '../../../engine/devices/options.js'
import { referenceDevice } from '../../../engine/devices/reference/index.js'
import { device, openDevice, registerDevice } from '../../../engine/index.js'

test('device names', t => {
  t.throws(() => device('abacus'), /device 'abacus' is not known; there are wasm, reference/)
  t.throws(() => registerDevice('wasm', referenceDevice), /device 'wasm' is registered already/)
  t.end()
})

test('a device that takes waiting to open', async t => {
  let opened = 0
  registerDevice(
    'slow',
    async ({ broken }) => {
      opened++
      if (broken) throw new Error('slow: no adapter; install one')
      return { ...referenceDevice(), name: 'slow' }
    },
    { options: { broken: option.flag({ meaning: 'fail' }) } },
  )
  const failure = (opening: Promise<unknown>) => opening.then(() => 'opened', String)
  t.match(await failure(openDevice('slow', { broken: true })), /slow: no adapter; install one/)
  t.throws(() => device('slow'), /device 'slow' takes waiting to open: await openDevice\('slow'\) first/)
  const [a, b] = await Promise.all([openDevice('slow'), openDevice('slow')])
  t.equal(a, b)
  t.equal(device('slow'), a)
  t.equal(opened, 2, 'once for the failure, once for all others')
  t.match(await failure(openDevice('slow', { broken: true })), /device 'slow' is open already/)
})
