import test from 'tape'
import { nodeModule, readText } from '../../../../engine/devices/shared/node.js'

test('node: its modules are there, and a file that cannot be read has no text', t => {
  t.equal(readText('/nowhere/at/all'), undefined)
  t.equal(nodeModule('node:os')?.platform(), process.platform)
  t.end()
})
