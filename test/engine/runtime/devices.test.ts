import test from 'tape'
import { option } from '../../../engine/devices/options.js'
import { referenceDevice } from '../../../engine/devices/reference/index.js'
import {
  type CheckLine,
  closeDevice,
  device,
  deviceOptions,
  openDevice,
  registerDevice,
  selfCheck,
  setDefaultDevice,
} from '../../../engine/index.js'

const failure = (opening: Promise<unknown>): Promise<string> => opening.then(() => 'no failure', String)

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
    { options: { broken: option.flag({ meaning: 'fail', otherwise: 'none' }) } },
  )
  t.match(await failure(openDevice('slow', { broken: true })), /slow: no adapter; install one/)
  t.throws(() => device('slow'), /device 'slow' takes waiting to open: await openDevice\('slow'\) first/)
  const [a, b] = await Promise.all([openDevice('slow'), openDevice('slow')])
  t.equal(a, b)
  t.equal(device('slow'), a)
  t.equal(opened, 2, 'once for the failure, once for all others')
  t.match(await failure(openDevice('slow', { broken: true })), /device 'slow' is open already/)
})

/** A device with options of its own, and what it was opened with, each time. */
const openedWith: unknown[] = []
const tableOfMine = {
  speed: option.wholeNumber(1, { meaning: 'how fast', otherwise: 'none' }),
  colour: option.oneOf(['red', 'green'], { meaning: 'which', otherwise: 'none' }),
} as const
registerDevice(
  'mine',
  options => {
    openedWith.push(options)
    return { ...referenceDevice(), name: 'mine' }
  },
  {
    options: tableOfMine,
    async *selfCheck({ speed }) {
      yield { verdict: 'PASS', what: 'speed', found: String(speed) }
    },
  },
)

test("a user's device is opened with options of its own table, which are checked before", async t => {
  t.match(
    await failure(openDevice('mine', { speed: 0 })),
    /device 'mine': speed 0; give a whole number, 1 or more/,
  )
  t.match(
    await failure(openDevice('mine', { size: 1 })),
    /device 'mine' has no option 'size'; there are speed, colour/,
  )
  t.deepEqual(openedWith, [], 'the factory was not called')
  const runtime = await openDevice('mine', { speed: 3, colour: 'red' })
  t.deepEqual(openedWith, [{ speed: 3, colour: 'red' }])
  t.equal(await openDevice('mine'), runtime)
  t.equal(await openDevice('mine', {}), runtime, 'no options are none')
  t.equal(await openDevice('mine', { speed: undefined }), runtime)
  t.match(
    await failure(openDevice('mine', { speed: 3 })),
    /device 'mine' is open already; give options when it is first opened/,
  )
  t.deepEqual(Object.keys(deviceOptions('mine')), ['speed', 'colour'])
})

test('a device that was closed is opened anew, with other options', async t => {
  const first = await openDevice('mine')
  await closeDevice('mine')
  openedWith.length = 0
  const second = await openDevice('mine', { colour: 'green' })
  t.notEqual(second, first)
  t.deepEqual(openedWith, [{ colour: 'green' }])
  await closeDevice('mine')
  await closeDevice('mine')
  t.notEqual(device('mine'), second, 'also when it is first asked for by name alone')
  t.deepEqual(openedWith, [{ colour: 'green' }, {}])
})

test('a self-check takes the options of its device, and opens none', async t => {
  openedWith.length = 0
  const lines = async (checking: AsyncIterable<CheckLine>) => {
    const found: string[] = []
    for await (const { verdict, what, found: text } of checking) found.push(`${verdict} ${what} ${text}`)
    return found
  }
  t.deepEqual(await lines(selfCheck('mine', { speed: 7 })), ['PASS speed 7'])
  t.deepEqual(await lines(selfCheck('reference')), [], 'a device without one finds nothing')
  t.match(await failure(lines(selfCheck('mine', { speed: -1 }))), /device 'mine': speed -1/)
  t.match(await failure(lines(selfCheck('abacus'))), /device 'abacus' is not known/)
  t.deepEqual(openedWith, [])
})

test('options of devices that the compiler knows are typed', async t => {
  // @ts-expect-error a word for a number
  const word = openDevice('wasm', { threads: 'two' })
  t.match(await failure(word), /device 'wasm': threads two; give a whole number, 1 or more/)
  // @ts-expect-error no such option
  const misspelt = openDevice('wasm', { thread: 2 })
  t.match(
    await failure(misspelt),
    /device 'wasm' has no option 'thread'; there are threads, vectors, memory64, blas/,
  )
  // @ts-expect-error it takes none
  const none = openDevice('reference', { threads: 2 })
  t.match(await failure(none), /device 'reference' has no option 'threads'; it takes none/)
  const runtime = await openDevice('wasm', { threads: 1, vectors: '128', blas: 'off' })
  t.match(runtime.description, /1 thread/)
  await closeDevice('wasm')
})

test('the default device is the one that was chosen', async t => {
  t.equal(device().name, 'wasm')
  setDefaultDevice('reference')
  t.equal(device().name, 'reference')
  t.equal((await openDevice()).name, 'reference')
  t.throws(() => setDefaultDevice('abacus'), /device 'abacus' is not known/)
  t.equal(device().name, 'reference', 'a choice that fails changes nothing')
  setDefaultDevice('wasm')
})
