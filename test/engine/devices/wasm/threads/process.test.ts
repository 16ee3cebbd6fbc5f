import test from 'tape'
import { engineUrl, openWasm, runScript, wasmUrl } from '../support.js'

test('process: closing finishes what is under way, and leaves no worker', t => {
  const script = `const { wasmDevice } = await import('${wasmUrl}')
import { readdirSync } from 'node:fs'
const tasks = () => process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0
const before = tasks()
const device = wasmDevice({ threads: 3 })
const n = 600
const view = { offset: 0, strides: [n, 1] }
const program = device.compile({ kind: 'matmul', dtype: 'float32', batch: [], m: n, n, k: n, a: view, b: view, accumulate: false })
const [a, b] = [device.alloc(4 * n * n), device.alloc(4 * n * n)]
device.write(a, new Float32Array(n * n).fill(1))
for (let i = 0; i < 5; i++) device.run(program, [a, a, b])
const read = device.read(b)
await device.close()
console.log(new Float32Array(await read)[n], tasks() - before)`
  const { stdout, stderr, status } = runScript(script)
  t.equal(status, 0, stderr)
  t.match(stdout, /^600 -?\d+$/m)
  // Node's own threads may come and go.
  t.ok(Number(stdout.trim().split(' ')[1]) < 3, stdout)
  t.end()
})

test('process: a read that nobody awaits at the top keeps the process alive', t => {
  const script = `import { tensor } from '${engineUrl}'
const x = tensor(new Float32Array(250000).fill(1), { shape: [500, 500] })
x.matmul(x).data().then(y => console.log(y[7]))`
  const child = runScript(script)
  t.equal(child.stdout, '500\n', child.stderr)
  t.end()
})

test('process: a script that ends ends, with its workers asleep or busy', t => {
  const script = `import { tensor } from '${engineUrl}'
const x = tensor(new Float32Array(250000), { shape: [500, 500] })
await x.matmul(x).tanh().data()`
  const child = runScript(script, { XENOGRAD_THREADS: '3' })
  t.equal(child.status, 0, String(child.stderr))
  t.end()
})

test('process: the number of threads is checked, and named', t => {
  t.match(openWasm({ threads: 4 }).description, /4 threads/)
  const script = `await import('${engineUrl}').then(x => x.device('wasm'))`
  const child = runScript(script, { XENOGRAD_THREADS: 'many' })
  t.match(String(child.stderr), /XENOGRAD_THREADS=many: give a whole number, 1 or more/)
  t.end()
})
