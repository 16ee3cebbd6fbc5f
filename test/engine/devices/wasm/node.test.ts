import test from 'tape'
import { readText, withVariables } from '../../../../engine/devices/wasm/node.js'

test('node: environment variables are set for as long as something runs, and then as they were', t => {
  const { env } = process
  env.XENOGRAD_TEST_SET = 'before'
  const inside = withVariables({ XENOGRAD_TEST_SET: 'a', XENOGRAD_TEST_NEW: 'b' }, () => [
    env.XENOGRAD_TEST_SET,
    env.XENOGRAD_TEST_NEW,
  ])
  t.deepEqual(inside, ['a', 'b'])
  t.equal(env.XENOGRAD_TEST_SET, 'before')
  t.notOk('XENOGRAD_TEST_NEW' in env)
  const fail = () =>
    withVariables({ XENOGRAD_TEST_SET: 'a' }, () => {
      throw new Error('thrown inside')
    })
  t.throws(fail, /thrown inside/)
  t.equal(env.XENOGRAD_TEST_SET, 'before', 'also after an error')
  t.end()
})

test('node: a file that cannot be read has no text', t => {
  t.equal(readText('/nowhere/at/all'), undefined)
  t.end()
})
