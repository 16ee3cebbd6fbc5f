import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { fasterByBlas } from '../../../../engine/devices/wasm/calibration/index.js'
import { productKind } from '../../../../engine/devices/wasm/matmul/productKind.js'
import { usesSgemm } from '../../../../engine/devices/wasm/matmul/sgemm.js'
import { cutColumns } from '../../../../engine/devices/wasm/parallel/columns.js'
import { partition } from '../../../../engine/devices/wasm/parallel/partition.js'
import type { MatmulKernel } from '../../../../engine/kernel/kernel.js'
import { openWasm, product, runScript, testBlas, testTarget, wasmUrl } from './support.js'

const target = testTarget()

/** Products of an LSTM of so many hidden units: a step forward, a step backward, a gradient of weights. */
const productsOf = (hidden: number): MatmulKernel[] => [
  product(100, hidden, 4 * hidden),
  product(100, 4 * hidden, hidden, { b: { offset: 0, strides: [1, 4 * hidden] } }),
  product(hidden, 2500, 4 * hidden, { a: { offset: 0, strides: [1, hidden] } }),
]

test('kinds of products: by the size of the weights, and sums over rows', t => {
  t.deepEqual(productsOf(64).map(productKind), ['small', 'small', 'sums'])
  t.deepEqual(productsOf(256).map(productKind), ['medium', 'medium', 'sums'])
  t.deepEqual(productsOf(512).map(productKind), ['large', 'large', 'sums'])
  t.end()
})

test('kinds of products: a part has the kind of the whole, whatever the number of threads', t => {
  for (const hidden of [64, 128, 256, 512, 724])
    for (const kernel of productsOf(hidden)) {
      const kind = productKind(kernel)
      for (const threads of [2, 3, 7]) {
        const rows = partition(kernel, threads, 12)!.map(part => productKind(part.kernel as MatmulKernel))
        t.deepEqual(new Set(rows), new Set([kind]), `${hidden}: rows of ${threads} threads`)
        const columns = cutColumns(kernel, threads)?.map(part => productKind(part.kernel)) ?? [kind]
        t.deepEqual(new Set(columns), new Set([kind]), `${hidden}: columns of ${threads} threads`)
      }
    }
  t.end()
})

test('kinds of products: BLAS computes those that it is to', t => {
  const [small, , sums] = productsOf(64)
  const [large] = productsOf(512)
  const uses = (kinds: readonly string[]) =>
    [small, large, sums].map(kernel => usesSgemm({ ...target, sgemm: { unpacked: 0, kinds } }, kernel))
  t.deepEqual(uses(['large', 'sums']), [false, true, true])
  t.deepEqual(uses(['small']), [true, false, false])
  t.deepEqual(uses([]), [false, false, false])
  t.end()
})

test('calibration: BLAS has to be worth it', t => {
  const [faster, as, slower] = [70, 99, 130].map(blas => ({ webAssembly: 100, blas }))
  t.deepEqual(fasterByBlas({ small: faster, medium: as, large: slower, sums: faster }), ['small', 'sums'])
  t.throws(
    () => openWasm({ blas: 'auto:huge' }),
    /BLAS 'auto:huge': give none, or some of small, medium, large, sums/,
  )
  t.end()
})

/** What a device of a process of its own says, with a cache folder. */
function opened(cache: string, blas = 'auto') {
  const { stdout, stderr } = runScript(
    `const { wasmDevice } = await import('${wasmUrl}')
const { description, chosen } = wasmDevice({ threads: 1, blas: '${blas}' })
console.log(JSON.stringify({ description, chosen }))`,
    { XDG_CACHE_HOME: cache },
  )
  if (!stdout) throw new Error(stderr)
  return JSON.parse(stdout) as { description: string; chosen: { blas?: string } }
}

testBlas('calibration: measured once, then looked up; the choice is a function of it', t => {
  const cache = mkdtempSync(join(tmpdir(), 'xenograd-cache-'))
  const file = join(cache, 'xenograd/blas.json')
  const first = opened(cache)
  t.match(String(first.chosen.blas), /^auto:(none|[a-z,]+)$/)
  const [[key, measured]] = Object.entries(JSON.parse(readFileSync(file, 'utf8')))
  t.match(key, /^xenograd \d.*, node \d.*, \d+ cores, 128-bit vectors.*, \/.*bytes of/)
  t.deepEqual(Object.keys(measured as object), ['small', 'medium', 'large', 'sums'])
  const times = (webAssembly: number, blas: number) => ({ webAssembly, blas })
  const keep = (content: unknown) => writeFileSync(file, JSON.stringify(content))
  keep({ [key]: { small: times(1, 2), medium: times(2, 1), large: times(1, 1), sums: times(2, 1) } })
  const second = opened(cache)
  t.deepEqual(second.chosen, { blas: 'auto:medium,sums' })
  t.match(
    second.description,
    /, BLAS \/.* for large products \(of the kinds medium, sums; by WebAssembly, as fast here: small, large\)$/,
  )
  t.deepEqual(opened(cache, 'auto:medium,sums'), second, 'the choice gives the same device again')
  keep({ [key]: { small: times(1, 2), medium: times(1, 1), large: times(1, 1), sums: times(1, 1) } })
  const none = opened(cache)
  t.deepEqual(none.chosen, { blas: 'auto:none' })
  t.match(none.description, /, no BLAS: WebAssembly is as fast as \/.* here$/)
  t.deepEqual(opened(cache, 'auto:none'), none)
  for (const damaged of ['{', 'null', '{"a": 1}', JSON.stringify({ [key]: { small: times(1, 2) } })]) {
    writeFileSync(file, damaged)
    opened(cache)
    t.equal(Object.keys(JSON.parse(readFileSync(file, 'utf8'))).join(), key, 'measured anew')
  }
  t.end()
})

testBlas('calibration: a cache folder that cannot be is no reason to fail', t => {
  const cache = join(mkdtempSync(join(tmpdir(), 'xenograd-cache-')), 'file')
  writeFileSync(cache, 'no folder')
  t.match(opened(cache).description, /BLAS/)
  mkdirSync(`${cache}2/xenograd/blas.json`, { recursive: true })
  t.match(opened(`${cache}2`).description, /BLAS/)
  t.end()
})
