import test from 'tape'
import { deviceNames } from '../../engine/index.js'
import { xenograd } from './support.js'

test('check: four lines a device, each with its verdict and the reason', async t => {
  const [all, one] = await Promise.all([xenograd(['check']), xenograd(['check', '--device', 'wasm'])])
  t.equal(all.code, 0, all.stdout)
  t.doesNotMatch(all.stderr, /xenograd/)
  const lines = all.stdout.trimEnd().split('\n')
  t.equal(lines.length, 4 * deviceNames().length)
  for (const line of lines) t.match(line, /^(PASS|SKIP) {2}\w+ +(opens|computes|multiplies|learns) +\S.*$/)
  const skipped = lines.filter(line => line.startsWith('SKIP') && !/^SKIP {2}(gpu|ascend) /.test(line))
  t.equal(skipped.length, 1, 'the reference device has nothing to be compared with')
  t.equal(one.stdout.trimEnd().split('\n').length, 4)
  t.ok(
    one.stdout
      .trimEnd()
      .split('\n')
      .every(line => line.startsWith('PASS  wasm ')),
    one.stdout,
  )
})
