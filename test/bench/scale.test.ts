import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'tape'

// dist/test/bench/scale.test.js -> the project's bench.
const bench = (file: string): URL => new URL(`../../../bench/${file}`, import.meta.url)

type Work = Readonly<Record<string, number>>
type Sample = { readonly work: Work; readonly measured: number }
type ScaleModel = {
  parameterCount(hidden: number): number
  sumWork(sum: { processes: number; bytes: number }): Work
  trainingWork(sizes: { rows: number; shards?: number; length: number; hidden: number }): Work
  cost(work: Work, prices: Work): number
  fitPrices(samples: readonly Sample[]): Work
  stepOn(
    machines: number,
    job: { batch: number; length: number; hidden: number },
    prices: { alone: number; compute: Work; network?: Work; leastShards?: number },
  ): { computing: number; exchanging: number; total: number }
}
const model = (await import(bench('scaleModel.js').href)) as ScaleModel

test('scale: the model of cost counts what the paper’s network consists of', t => {
  t.equal(model.parameterCount(2000), 2004 * 8000 + 8000 + 2000 * 4 + 4, 'parameters')
  const whole = model.trainingWork({ rows: 100, length: 250, hidden: 2000 })
  t.equal(whole['product, operation'], 3 * 2 * 100 * 250 * 2000 * 8000, 'three products of 2mnk operations')
  const shards = model.trainingWork({ rows: 100, shards: 8, length: 250, hidden: 2000 })
  t.equal(shards['product, operation'], whole['product, operation'], 'shards compute as much')
  t.equal(shards['kernel read, byte'], 8 * whole['kernel read, byte'], 'and each reads the kernel for itself')
  t.deepEqual(
    model.sumWork({ processes: 1, bytes: 64 }),
    { exchange: 0, 'byte sent': 0 },
    'one process sends nothing',
  )
  t.deepEqual(
    model.sumWork({ processes: 4, bytes: 64 }),
    { exchange: 4, 'byte sent': 96 },
    'four: 32 and 16, and back',
  )
  t.end()
})

test('scale: prices are found again in what they have made, and none is below 0', t => {
  const prices = { a: 3, b: 0.02, c: 0 }
  const samples = [1, 2, 3, 4, 5].map(i => {
    const work = { a: i, b: 100 * i * i, c: (7 * i) % 5 }
    return { work, measured: model.cost(work, prices) }
  })
  const fitted = model.fitPrices(samples)
  for (const [name, price] of Object.entries(prices))
    t.ok(Math.abs(fitted[name] - price) < 1e-6, `${name}: ${fitted[name]}`)
  const falling = model.fitPrices([1, 2, 3].map(i => ({ work: { one: 1, i }, measured: 10 - i })))
  t.ok(falling.i === 0 && falling.one > 0, 'what falls with the work has no price')
  t.end()
})

test('scale: a step on several machines', t => {
  const job = { batch: 100, length: 250, hidden: 2000 }
  const byArithmetic = { alone: 8, compute: { 'product, operation': 1e-11 } }
  t.equal(model.stepOn(1, job, byArithmetic).total, 8, 'one takes what it takes alone')
  t.equal(model.stepOn(4, job, byArithmetic).total, 2, 'four share the products')
  t.equal(
    model.stepOn(64, job, byArithmetic).total,
    0.16,
    '64: one or two reads each, and the slowest has two',
  )
  const byMemory = { alone: 8, compute: { 'kernel read, byte': 1e-11 } }
  t.equal(model.stepOn(8, job, byMemory).total, 8, 'each of eight reads the kernel as one does alone')
  t.equal(model.stepOn(2, job, byMemory).total, 32, 'and one of two four times, for its four shards')
  t.equal(model.stepOn(2, job, { ...byMemory, leastShards: 1 }).total, 8, 'or once, where it has one shard')
  const network = { exchange: 1, 'byte sent': 0 }
  t.equal(model.stepOn(4, job, { ...byArithmetic, network }).exchanging, 8, 'two sums of four exchanges each')
  t.end()
})

test('scale: bench/scale.js --quick measures, compares and draws', async t => {
  const out = mkdtempSync(join(tmpdir(), 'xenograd-scale-test-'))
  t.teardown(() => rmSync(out, { recursive: true }))
  const args = [fileURLToPath(bench('scale.js')), '--quick', '--only', 'train', '--out', out]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  t.match(stdout, /\d of 4 within 15 %/, 'the report compares')
  const { measured } = JSON.parse(readFileSync(join(out, 'scale.json'), 'utf8')) as {
    measured: { train: readonly { processor: number; memory: number }[] }
  }
  t.equal(measured.train.length, 4, 'four trainings were measured')
  t.ok(
    measured.train.every(({ processor, memory }) => processor > 0 && memory > 2 ** 20),
    'each has times and memory',
  )
  const picture = readFileSync(join(out, 'scaleMeasured.svg'), 'utf8')
  t.match(picture, /^<svg .*Training step.*<\/svg>\n$/s, 'the picture is whole')
})
