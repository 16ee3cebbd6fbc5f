import test from 'tape'
import { noWideVectors } from '../../engine/devices/wasm/assembly/vectors.js'
import { xenograd } from './support.js'

test('--vectors: where there are none such, or it is of no use, is an error', async t => {
  const [elsewhere, odd] = await Promise.all([
    xenograd(['check', '--device', 'reference', '--vectors', '256']),
    xenograd(['check', '--device', 'wasm', '--vectors', '64']),
  ])
  t.equal(elsewhere.code, 2)
  t.match(
    elsewhere.stderr,
    /--vectors 256: a flag of the device wasm, but reference is to compute; leave it out, or/,
  )
  t.equal(odd.code, 2)
  t.match(odd.stderr, /'--vectors <bits>' argument '64' is invalid\. Give one of 128, 256, auto\./)
})

test('--vectors: the check says which there are', async t => {
  const [narrow, widest, wide] = await Promise.all(
    ['128', 'auto', '256'].map(bits => xenograd(['check', '--device', 'wasm', '--vectors', bits])),
  )
  t.match(narrow.stdout, /opens +WebAssembly SIMD, 128-bit vectors, /)
  const problem = noWideVectors()
  if (problem === undefined) {
    t.match(widest.stdout, /opens +WebAssembly SIMD, 256-bit vectors, /)
    t.match(wide.stdout, /opens +WebAssembly SIMD, 256-bit vectors, /)
  } else {
    t.ok(widest.stdout.includes(`128-bit vectors (256: ${problem})`))
    t.equal(wide.code, 1)
    t.match(wide.stdout, /^FAIL {2}wasm +opens +wasm device: no vectors of 256 bits: /)
  }
})
