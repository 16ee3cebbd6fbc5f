import { spawnSync } from 'node:child_process'
import test from 'tape'
import { hostTarget } from '../../../../../engine/devices/wasm/assembly/target.js'
import { chooseVectors, noWideVectors } from '../../../../../engine/devices/wasm/assembly/vectors.js'

const engine = new URL('../../../../../engine/index.js', import.meta.url)
const model = new URL('../../../../../model/index.js', import.meta.url)

test('vectors: what is asked for', t => {
  t.deepEqual(chooseVectors('128'), { wide: false, description: '128-bit vectors' })
  const problem = noWideVectors()
  const widest = chooseVectors('auto')
  if (problem === undefined) {
    t.deepEqual(widest, { wide: true, description: '256-bit vectors' })
    t.deepEqual(chooseVectors('256'), widest)
  } else {
    t.deepEqual(widest, { wide: false, description: `128-bit vectors (256: ${problem})` })
    t.throws(() => chooseVectors('256'), /wasm device: no vectors of 256 bits: .*; or ask for 128 or auto/)
  }
  t.equal(hostTarget('128').wide, false)
  t.equal(hostTarget('auto').wide, problem === undefined)
  t.end()
})

test('vectors: old versions of Node say what to do', t => {
  const [major] = process.versions.node.split('.').map(Number)
  if (major >= 24) t.comment(`skipped: this is Node ${major}`)
  else t.match(noWideVectors() ?? '', /^Node \d+\.\d+\.\d+ cannot make them: use Node 24 or later$/)
  t.end()
})

// The flag concerns a whole process, so each width has one of its own.
const script = `
  const { adamState, compile, openDevice, randomKey, tensor, uniformAt } = await import('${engine}')
  const { findCell, initialModel, makeTrainStep } = await import('${model}')
  const { device } = await openDevice('wasm')
  const options = { cell: await findCell('lstm'), hidden: 37 }
  const parameters = initialModel(options, randomKey(1))
  const step = makeTrainStep({
    ...options, learningRate: 0.01, dropoutRate: 0.1, regulariserType: 'l2', regulariserWeight: 0.1, seed: 1,
  })
  let state = { parameters, adam: adamState(parameters), updates: tensor(0, { dtype: 'int32' }) }
  const tokens = Int32Array.from({ length: 13 * 21 }, (_, i) => ((i * i) >> 2) & 3)
  // Long enough for V8 to compile the kernels with all optimisations.
  for (let i = 0; i < 200; i++) {
    const next = await step(state, tensor(tokens, { shape: [13, 21] }))
    state = next.state
  }
  const bits = async t => Buffer.from((await t.data()).buffer).toString('base64')
  console.log(device.description)
  // As gradients of weights: narrow rows stay unpacked, for another number of columns with each width.
  const draw = (columns, stream) => tensor(
    Float32Array.from({ length: 1301 * columns }, (_, i) => uniformAt([1, 2], stream, i) - 0.5), { shape: [1301, columns] },
  )
  for (const columns of [60, 200, 400, 600]) {
    const product = compile((a, b) => a.transpose().matmul(b))
    const [a, b] = [draw(61, 0), draw(columns, 1)]
    let result
    for (let i = 0; i < 20; i++) result = product(a, b)
    console.log(await bits(result))
  }
  for (const group of Object.values(state.parameters))
    for (const t of Object.values(group)) console.log(await bits(t))
`

test('vectors: training and products have the same bits with vectors of any width', t => {
  const run = (vectors: string): string[] => {
    const env = { ...process.env, XENOGRAD_VECTORS: vectors, XENOGRAD_BLAS: 'off' }
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', script],
      { env, encoding: 'utf8' },
    )
    t.equal(status, 0, stderr)
    return stdout.split('\n')
  }
  const [wide, ...wideBits] = run('auto')
  const [narrow, ...narrowBits] = run('128')
  t.match(narrow, /^WebAssembly SIMD, 128-bit vectors, /)
  if (noWideVectors() === undefined) t.match(wide, /^WebAssembly SIMD, 256-bit vectors, /)
  else t.comment(`skipped: 256-bit vectors: ${noWideVectors()}`)
  t.ok(wideBits.length > 4, 'parameters')
  t.deepEqual(wideBits, narrowBits)
  t.end()
})
