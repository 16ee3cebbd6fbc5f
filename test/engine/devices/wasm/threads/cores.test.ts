import test from 'tape'
import { hostCores, linuxCores } from '../../../../../engine/devices/wasm/threads/cores.js'

const processors = (allowed: string, siblings: readonly string[], limits: readonly string[] = []) =>
  linuxCores({ allowed, siblings: n => siblings[n], limits })

test('cores: threads of one core count once', t => {
  t.equal(processors('0-3\n', ['0,2\n', '1,3\n', '0,2\n', '1,3\n']), 2)
  t.equal(processors('0-3', ['0-1', '0-1', '2-3', '2-3']), 2)
  t.equal(processors('0-3', ['0', '1', '2', '3']), 4)
  t.equal(processors('0-3', []), 4, 'nothing is known of cores')
  t.end()
})

test('cores: only what the process may use counts', t => {
  t.equal(processors('0,2', ['0,2', '1,3', '0,2', '1,3']), 1)
  t.equal(processors('1-2', ['0,2', '1,3', '0,2', '1,3']), 2)
  t.equal(processors('0-1,8-9', []), 4)
  t.equal(processors('', []), 0, 'not known')
  t.end()
})

test("cores: a cgroup's share bounds them", t => {
  const four = ['0', '1', '2', '3']
  t.equal(processors('0-3', four, ['max 100000\n', '200000 100000\n']), 2)
  t.equal(processors('0-3', four, ['150000 100000']), 1)
  t.equal(processors('0-3', four, ['50000 100000']), 1, 'half a core is one')
  t.equal(processors('0-3', four, ['-1 100000']), 4, 'no limit in the old form')
  t.equal(processors('0-3', four, [' ']), 4, 'nothing there')
  t.end()
})

test('cores: this host has some', t => {
  t.ok(hostCores() >= 1 && hostCores() <= 16, `${hostCores()}`)
  t.end()
})
