import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'tape'

const path = fileURLToPath(new URL('../../../examples/device.js', import.meta.url))

test('examples/device.js: a whole device in under 150 lines passes the conformance suite', t => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8' })
  t.equal(status, 0, stdout.split('\n').find(line => line.startsWith('not ok')) ?? stderr)
  t.match(stdout, /device arrays: kernel loop[\s\S]*# pass {2}\d\d+\n\n# ok/)
  t.ok(readFileSync(path, 'utf8').trimEnd().split('\n').length < 150, 'its length')
  t.end()
})
