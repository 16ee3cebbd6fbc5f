import test from 'tape'
import { withEnvironment } from '../../../engine/devices/environment.js'

test('environment: variables are set for as long as something runs, and then as they were', t => {
  const { env } = process
  env.XENOGRAD_TEST_SET = 'before'
  const inside = withEnvironment({ XENOGRAD_TEST_SET: 'a', XENOGRAD_TEST_NEW: 'b' }, () => [
    env.XENOGRAD_TEST_SET,
    env.XENOGRAD_TEST_NEW,
  ])
  t.deepEqual(inside, ['a', 'b'])
  t.equal(env.XENOGRAD_TEST_SET, 'before')
  t.notOk('XENOGRAD_TEST_NEW' in env)
  const fail = () =>
    withEnvironment({ XENOGRAD_TEST_SET: 'a' }, () => {
      throw new Error('thrown inside')
    })
  t.throws(fail, /thrown inside/)
  t.equal(env.XENOGRAD_TEST_SET, 'before', 'also after an error')
  t.end()
})
