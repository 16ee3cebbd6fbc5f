import test from 'tape'
import { DeviceUnavailableError, registerDevice } from '../../../engine/index.js'
import { type ConformanceOptions, deviceConformance } from '../../../engine/testing/index.js'
import { lazy } from './lazy.js'
import { mutants } from './mutants.js'

// The suite itself: the reference device with one thing wrong fails it, and the message says what is wrong where.

type Outcome = { failed: string[]; passed: string[]; skipped: string[] }

/** What the suite says of a device, or the first part that has a failure like `until`. */
async function outcome(name: string, options: ConformanceOptions = {}, until?: RegExp): Promise<Outcome> {
  const tests: (() => Promise<void>)[] = []
  const found: Outcome = { failed: [], passed: [], skipped: [] }
  const report = {
    pass: (message: string) => found.passed.push(message),
    fail: (message: string) => found.failed.push(message),
    skip: (message: string) => found.skipped.push(message),
  }
  deviceConformance((_, body) => tests.push(() => body(report)), name, { seed: 1, effort: 0.3, ...options })
  for (const run of tests) if (!until || !found.failed.some(message => until.test(message))) await run()
  return found
}

test('the reference device passes', async t => {
  const { failed, passed } = await outcome('reference')
  t.deepEqual(failed, [])
  t.ok(passed.length > 50, `${passed.length} tests`)
})

for (const [wrong, [device, message]] of Object.entries(mutants))
  test(`a device that ${wrong} fails`, async t => {
    const name = wrong.replaceAll(' ', '-')
    registerDevice(name, device)
    const { failed } = await outcome(name, {}, message)
    const said = failed.find(text => message.test(text) && text.includes(`device ${name}`))
    t.ok(said, (said ?? failed[0] ?? 'no failure').split('\n')[0])
  })

test('what a device states is allowed', async t => {
  const [rough] = mutants['multiplies in 11 bits without saying so']
  registerDevice('half', () => ({ ...rough(), matmulEps: 1e-3 }))
  t.deepEqual((await outcome('half')).failed, [])
})

test('a device that puts everything off until it is read from passes', async t => {
  registerDevice('lazy', () => lazy())
  t.deepEqual((await outcome('lazy')).failed, [])
})

test('a device that is not there', async t => {
  registerDevice('absent', () => {
    throw new DeviceUnavailableError('no such card; buy one')
  })
  const skipped = await outcome('absent', { unavailable: 'skip' })
  t.deepEqual(skipped, { failed: [], passed: [], skipped: ['no such card; buy one'] })
  const { failed } = await outcome('absent')
  t.match(failed[0], /no such card; buy one/)
})
