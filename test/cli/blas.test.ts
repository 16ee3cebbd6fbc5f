import test from 'tape'
import { xenograd } from './support.js'

test('--blas: where it is of no use, or cannot be used, is an error', async t => {
  const [elsewhere, missing, scoring] = await Promise.all([
    xenograd(['check', '--device', 'reference', '--blas', 'auto']),
    xenograd(['check', '--device', 'wasm', '--blas', '/nowhere/libblas.so']),
    xenograd(['score', '--device', 'reference', '--blas', 'off', '-m', 'none']),
  ])
  t.equal(elsewhere.code, 2)
  t.match(
    elsewhere.stderr,
    /--blas auto: a flag of the device wasm, but reference is to compute; leave it out, or use --device wasm/,
  )
  t.equal(scoring.code, 2)
  t.equal(missing.code, 1)
  t.match(missing.stdout, /^FAIL {2}wasm +opens +BLAS '\/nowhere\/libblas.so': /)
})

test('--blas: the check says what multiplies', async t => {
  const [auto, off] = await Promise.all([
    xenograd(['check', '--device', 'wasm', '--blas', 'auto']),
    xenograd(['check', '--device', 'wasm', '--blas', 'off']),
  ])
  t.match(off.stdout, /opens .*, BLAS off$/m)
  t.doesNotMatch(off.stdout, /now WebAssembly/)
  t.equal(auto.code, 0, auto.stdout)
  const [opened] = auto.stdout.split('\n')
  if (/no BLAS/.test(opened)) {
    t.match(
      opened,
      /no BLAS: (koffi is not installed: npm install koffi|none (found \(looked for|is known)|.*slower)/,
    )
    t.comment(`skipped: ${opened}; apt-get install libopenblas0-pthread`)
  } else t.match(auto.stdout, /multiplies .*BLAS/)
})
