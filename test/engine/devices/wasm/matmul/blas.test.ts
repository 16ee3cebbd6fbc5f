import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { engineUrl, hostBlas, openWasm, runScript, testBlas, testTarget, wasmUrl } from '../support.js'

const target = testTarget()

testBlas('blas: found without loading it; loaded by the first kernel that needs it', t => {
  const script = `const { wasmDevice } = await import('${wasmUrl}')
const device = wasmDevice({ threads: 1, blas: 'on' })
const view = n => ({ offset: 0, strides: [n, 1] })
const compile = n => device.compile({ kind: 'matmul', dtype: 'float32', batch: [], m: n, n, k: n, a: view(n), b: view(n), accumulate: false })
console.log(device.description)
compile(32)
console.log(device.description)
compile(64)
console.log(device.description)`
  const [opened, small, large] = runScript(script).stdout.split('\n')
  t.match(opened, /, BLAS \/.*for large products$/)
  t.equal(small, opened)
  t.match(large, /, BLAS [^/].*, \//)
  t.end()
})

testBlas('blas: a script that ends ends, with threads that have called it', t => {
  const { status, stderr } = runScript(
    `import { tensor } from '${engineUrl}'
const x = tensor(new Float32Array(250000), { shape: [500, 500] })
await x.matmul(x).tanh().data()`,
    { XENOGRAD_BLAS: 'on', XENOGRAD_THREADS: '3' },
  )
  t.equal(status, 0, stderr)
  t.end()
})

test('blas: a library that cannot be used is an error that says why', t => {
  const choose = (path: string) => () => openWasm({ threads: 1, blas: path }, target)
  if (hostBlas.reason.includes('koffi')) t.comment(`skipped: ${hostBlas.description}`)
  else {
    t.throws(
      choose('/nowhere/libblas.so'),
      /BLAS '\/nowhere\/libblas.so': it cannot be loaded \(.*\); give the path of a shared library with cblas_sgemm .*, or auto, or off/,
    )
    if (process.platform === 'linux')
      t.throws(choose('libm.so.6'), /BLAS 'libm.so.6': it has no function cblas_sgemm; give the path/)
  }
  t.match(openWasm({ threads: 1, blas: 'off' }, target).description, /, BLAS off$/)
  t.end()
})

test('blas: without koffi, auto does without and says so; a library by its name is an error', t => {
  const hide = join(mkdtempSync(join(tmpdir(), 'xenograd-blas-')), 'hide.cjs')
  writeFileSync(
    hide,
    `const Module = require('node:module')
const resolve = Module._resolveFilename
Module._resolveFilename = function (name, ...rest) {
  if (name === 'koffi') throw Object.assign(new Error("Cannot find module 'koffi'"), { code: 'MODULE_NOT_FOUND' })
  return resolve.call(this, name, ...rest)
}`,
  )
  const script = `const { wasmDevice } = await import('${wasmUrl}')
console.log(wasmDevice({ threads: 1, blas: process.argv[1] }).description)`
  const run = (choice: string) => runScript(script, {}, ['--require', hide], [choice])
  t.match(run('auto').stdout, /, no BLAS: koffi is not installed: npm install koffi$/m)
  t.match(
    run('libopenblas.so.0').stderr,
    /BLAS 'libopenblas.so.0': koffi is not installed: npm install koffi, or choose off/,
  )
  t.end()
})
