import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'tape'
import { deviceNames } from '../../../engine/index.js'
import { rowsOf, scratch, tinyModel, xenograd } from '../support.js'

test('check: four lines a device, each with its verdict and the reason', async t => {
  const [all, one] = await Promise.all([xenograd(['check']), xenograd(['check', '--device', 'wasm'])])
  t.equal(all.code, 0, all.stdout)
  t.doesNotMatch(all.stderr, /xenograd/)
  const lines = all.stdout.trimEnd().split('\n')
  t.equal(lines.length, 4 * deviceNames().length)
  for (const line of lines) t.match(line, /^(PASS|SKIP) {2}\w+ +(opens|computes|multiplies|learns) +\S.*$/)
  const skipped = lines.filter(line => line.startsWith('SKIP') && !/^SKIP {2}(gpu|ascend) /.test(line))
  t.equal(skipped.length, 1, 'the reference device has nothing to be compared with')
  t.match(one.stdout, /^(PASS {2}wasm .*\n){4}$/)
})

test('check --device FILE: the device that the file registers, and what is wrong with other files', async t => {
  const example = fileURLToPath(new URL('../../../../examples/device.js', import.meta.url))
  const folder = scratch()
  const none = join(folder, 'none.js')
  writeFileSync(none, 'export {}\n')
  const [good, empty, missing] = await Promise.all(
    [example, none, join(folder, 'missing.js')].map(file => xenograd(['check', '--device', file])),
  )
  t.equal(good.code, 0, good.stderr)
  t.match(good.stdout, /^PASS {2}arrays +opens +typed arrays of JavaScript/)
  t.match(good.stdout, /PASS {2}arrays +learns/)
  t.deepEqual([empty.code, missing.code], [2, 2])
  t.match(empty.stderr, /none\.js: the file registers 0 devices; call registerDevice exactly once in it/)
  t.match(missing.stderr, /missing\.js: there is no such file/)
})

test('check --cell: whether its properties hold, and how fast it is', async t => {
  const folder = scratch()
  const file = join(folder, 'wrong.mjs')
  writeFileSync(
    file,
    `import { concat, defineCell } from 'xenograd'
     export const wrong = defineCell({
       name: 'wrong',
       parameters: ({ input, hidden }) => ({ kernel: [input + hidden, hidden] }),
       carry: ['h'],
       step: (p, { h }, x) => {
         const next = concat([x, h], 1).matmul(p.kernl)
         return { carry: { h: next }, out: next }
       },
     })`,
  )
  const [good, wrong, none] = await Promise.all(
    ['gru', file, 'nosuch'].map(cell => xenograd(['check', '--cell', cell])),
  )
  t.equal(good.code, 0, good.stderr)
  const lines = good.stdout.split('\n')
  t.match(lines[0], /^PASS {2}gru +properties 12 random cases: gradients equal/)
  t.match(lines[1], /^PASS {2}gru +time +\d+\.\d\d \[.*\] of the built-in LSTM's time over arithmetic/)
  t.equal(wrong.code, 1)
  t.match(
    wrong.stdout,
    /^FAIL {2}wrong\.mjs +properties cell 'wrong': the step asks for the parameter 'kernl'; there is kernel \(smallest case \{"batch":1.*seed: -?\d+, path:/,
  )
  t.equal(none.code, 1)
  t.match(
    none.stderr,
    /--cell nosuch: there is no such cell; give coupledGateLstm, .* or a \.js or \.ts file/,
  )
})

test('score takes a device from a file', async t => {
  const folder = scratch()
  const example = fileURLToPath(new URL('../../../../examples/device.js', import.meta.url))
  const model = await tinyModel(folder)
  const score = (device: string) =>
    xenograd(['score', '-m', model, '--device', device], '>a\nACGTACGTAC\n>b\nGGGTTTACGA\n')
  const [found, expected] = await Promise.all([score(example), score('reference')])
  t.equal(found.code, 0, found.stderr)
  const numbers = (table: string) => rowsOf(table).map(row => Number(row[3]).toFixed(5))
  t.deepEqual(numbers(found.stdout), numbers(expected.stdout))
})
