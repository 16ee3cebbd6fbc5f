import test from 'tape'
import { DeviceUnavailableError, registerDevice } from '../../../engine/index.js'
import { type ConformanceOptions, deviceConformance } from '../../../engine/testing/index.js'
import { lazy } from './lazy.js'
import { kernelMutants } from './mutants/kernels.js'
import { memoryMutants } from './mutants/memory.js'
import { saturating } from './saturating.js'

// The suite itself: the reference device with one thing wrong fails it, and the message says what is wrong where.

type Outcome = { failed: string[]; passed: string[]; skipped: string[] }

/**
 * What the suite says of a device. With `until`, no more than up to a failure like it; the parts of the suite that it names
 * are run first.
 */
async function outcomeOf(name: string, options: ConformanceOptions = {}, until?: RegExp): Promise<Outcome> {
  const parts: { what: string; run: () => Promise<void> }[] = []
  const outcome: Outcome = { failed: [], passed: [], skipped: [] }
  const report = {
    pass: (message: string) => outcome.passed.push(message),
    fail: (message: string) => outcome.failed.push(message),
    skip: (message: string) => outcome.skipped.push(message),
  }
  deviceConformance(
    (title, body) => parts.push({ what: title.replace(`device ${name}: `, ''), run: () => body(report) }),
    name,
    { seed: 1, effort: 0.3, ...options },
  )
  const isNamed = ({ what }: { what: string }) => Number(until?.source.includes(what) ?? false)
  for (const { run } of parts.toSorted((a, b) => isNamed(b) - isNamed(a))) {
    if (outcome.failed.some(message => until?.test(message))) break
    await run()
  }
  return outcome
}

test('the reference device passes', async t => {
  const { failed, passed } = await outcomeOf('reference')
  t.deepEqual(failed, [])
  t.ok(passed.length > 50, `${passed.length} tests`)
})

for (const [wrong, [device, message]] of Object.entries({ ...kernelMutants, ...memoryMutants }))
  test(`a device that ${wrong} fails`, async t => {
    const name = wrong.replaceAll(' ', '-')
    registerDevice(name, device)
    const { failed } = await outcomeOf(name, {}, message)
    const said = failed.find(text => message.test(text) && text.includes(`device ${name}`))
    t.ok(said, (said ?? failed[0] ?? 'no failure').split('\n')[0])
  })

test('what a device states is allowed', async t => {
  const [rough] = kernelMutants['multiplies in 11 bits without saying so']
  registerDevice('half', () => ({ ...rough(), matmulEps: 1e-3 }))
  t.deepEqual((await outcomeOf('half')).failed, [])
})

test('floats that saturate are allowed to a device that says so, and to no other', async t => {
  registerDevice('saturating', () => ({ ...saturating(), saturates: true }))
  t.deepEqual((await outcomeOf('saturating')).failed, [])
  registerDevice('secretly saturating', saturating)
  const { failed } = await outcomeOf('secretly saturating', {}, /./)
  t.ok(failed.length, failed[0]?.split('\n')[0])
})

test('a device is held to smaller errors than it states, and the measured one is told', async t => {
  const [rough] = kernelMutants['multiplies in 11 bits without saying so']
  registerDevice('stated', () => ({ ...rough(), matmulEps: 1e-3 }))
  const { passed } = await outcomeOf('stated', { matmulEps: 6e-4 })
  const measured = /(\d\S+) would do, it is held to 0.00060$/.exec(
    passed.find(text => /matmulEps/.test(text)) ?? '',
  )
  t.ok(Number(measured?.[1]) > 5e-5 && Number(measured?.[1]) < 6e-4, measured?.[0])
  const { failed } = await outcomeOf('stated', { matmulEps: 1e-6 }, /kernel matmul/)
  t.ok(failed.some(text => /kernel matmul/.test(text)))
})

test('a device that puts everything off until it is read from passes', async t => {
  registerDevice('lazy', () => lazy())
  t.deepEqual((await outcomeOf('lazy')).failed, [])
})

test('a device that is not there', async t => {
  registerDevice('absent', () => {
    throw new DeviceUnavailableError('no such card; buy one')
  })
  const skipped = await outcomeOf('absent', { unavailable: 'skip' })
  t.deepEqual(skipped, { failed: [], passed: [], skipped: ['no such card; buy one'] })
  const { failed } = await outcomeOf('absent')
  t.match(failed[0], /no such card; buy one/)
})
