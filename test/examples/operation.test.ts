import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import test from 'tape'
import { explain, gradients, scan, type Tensor, zeros } from '../../engine/index.js'

const path = fileURLToPath(new URL('../../../examples/operation.js', import.meta.url))

type Convolution = { depthwiseConvolution: (x: Tensor, filters: Tensor) => Tensor }
const convolution = async () => ((await import(pathToFileURL(path).href)) as Convolution).depthwiseConvolution

test('examples/operation.js: an operation with kernels of its own, in under 60 lines, is right on every device', t => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8' })
  t.equal(status, 0, stderr)
  t.match(stdout, /derivatives equal finite differences[\s\S]*summed as its record says[\s\S]*device wasm: /)
  t.ok(readFileSync(path, 'utf8').trimEnd().split('\n').length < 60, 'its length')
  t.end()
})

test('it is hoisted out of loops and its linear parts are summed over their steps', async t => {
  const depthwiseConvolution = await convolution()
  const step = (w: Tensor) => (h: Tensor, x: Tensor) => {
    const carry = h.mul(0.5).add(depthwiseConvolution(x, w)).tanh()
    return { carry, out: carry }
  }
  const text = explain(
    (w: Tensor, xs: Tensor) => gradients(scan(step(w), zeros([2, 4, 3]), xs).out.sum(), w),
    [zeros([3, 2]), zeros([6, 2, 5, 3])],
  )
  t.match(
    text,
    /^hoist: depthwiseConvolution float32 \[2,4,3\] depends on no carry: worked out before the loop/m,
  )
  t.match(text, /^reduce sum \[12,4,3,2\] last 1/m, 'one kernel for the sequences of all six steps')
  t.notOk(/is added up in the loop/.test(text), 'the gradient of the filters leaves the loop')
  t.end()
})
