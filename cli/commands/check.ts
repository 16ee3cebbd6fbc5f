import type { Command } from 'commander'
import {
  compile,
  DeviceUnavailableError,
  device,
  deviceNames,
  entries,
  gradients,
  openDevice,
  randomKey,
  selfCheck,
  type Tensor,
  tensor,
} from '../../engine/index.js'
import { batchLoss, findCell, initialModel } from '../../model/index.js'
import { computingOptions, deviceOption } from '../options.js'

type Verdict = { verdict: 'PASS' | 'FAIL' | 'SKIP'; reason: string }

/** One line of the self-test: resolves to what was found, throws what went wrong. */
type Test = { name: string; run: (device: string) => Promise<string> }

/** A test that makes no sense for this device; the message says why. */
class Skip extends Error {}

const tests: readonly Test[] = [
  { name: 'opens', run: async name => (await openDevice(name)).device.description },
  { name: 'computes', run: firstComputation },
  { name: 'multiplies', run: largeProduct },
  { name: 'learns', run: scanWithGradients },
]

/** `xenograd check`: does every device work here? */
export function register(program: Command): void {
  const command = program
    .command('check')
    .description('self-test of every device: opens, computes, gradients of a scan')
    .addOption(deviceOption().default(undefined, 'all'))
  for (const option of computingOptions()) command.addOption(option)
  command.action(async ({ device: only }: { device?: string }) => {
    let failed = false
    const print = (device: string, verdict: string, what: string, found: string) => {
      process.stdout.write(`${verdict}  ${device.padEnd(10)} ${what.padEnd(10)} ${found}\n`)
      failed ||= verdict === 'FAIL'
    }
    if (only !== undefined)
      for await (const { verdict, what, found } of selfCheck(only)) print(only, verdict, what, found)
    for (const name of only === undefined ? deviceNames() : [only])
      for (const [test, { verdict, reason }] of await checkDevice(name, only === undefined))
        print(name, verdict, test, reason)
    if (failed) process.exitCode = 1
  })
}

/** `optional`: a device that something is missing for is skipped. */
async function checkDevice(name: string, optional: boolean): Promise<[test: string, Verdict][]> {
  const verdicts: [string, Verdict][] = []
  let opened = true
  for (const { name: test, run } of tests) {
    const verdict: Verdict = opened ? await judge(run(name), optional) : skip('it did not open')
    verdicts.push([test, verdict])
    if (test === 'opens') opened = verdict.verdict === 'PASS'
  }
  return verdicts
}

const skip = (reason: string): Verdict => ({ verdict: 'SKIP', reason })

const judge = (run: Promise<string>, optional: boolean): Promise<Verdict> =>
  run.then(
    reason => ({ verdict: 'PASS', reason }),
    (error: Error) =>
      error instanceof Skip || (optional && error instanceof DeviceUnavailableError)
        ? skip(error.message)
        : { verdict: 'FAIL', reason: error.message.split('\n')[0] },
  )

/** tanh(A B) against plain JavaScript. */
async function firstComputation(name: string): Promise<string> {
  const a = [
    [1, -2, 0.5],
    [0.25, 3, -1],
  ]
  const b = [
    [0.5, -1],
    [0.125, 0.75],
    [2, -0.5],
  ]
  const run = compile((x: Tensor, y: Tensor) => x.matmul(y).tanh(), { device: name })
  const got = await run(tensor(a), tensor(b)).data()
  const wanted = a.flatMap(row =>
    b[0].map((_, j) => Math.tanh(row.reduce((sum, x, k) => sum + x * b[k][j], 0))),
  )
  return `tanh of a matrix product, ${agree(got, wanted, tolerance(name, 1))}`
}

/** A product large enough for whatever a device has for large ones (a BLAS library), and what that was. */
async function largeProduct(name: string): Promise<string> {
  const [rows, size] = [48, 96]
  const matrix = (rows: number, seed: number) =>
    Array.from({ length: rows }, (_, i) =>
      Array.from({ length: size }, (_, j) => Math.sin(seed * (size * i + j))),
    )
  const [a, b] = [matrix(rows, 1), matrix(size, 2)]
  const { device } = await openDevice(name)
  const before = device.description
  const got = await compile((x: Tensor, y: Tensor) => x.matmul(y), { device: name })(
    tensor(a),
    tensor(b),
  ).data()
  const wanted = a.flatMap(row => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0)))
  const found = `[${rows}, ${size}] × [${size}, ${size}], ${agree(got, wanted, size * (device.matmulEps ?? 1e-6))}`
  return device.description === before ? found : `${found}; now ${device.description}`
}

/** Loss and gradients of the shipped LSTM over twelve steps, against the reference device. */
async function scanWithGradients(name: string): Promise<string> {
  if (name === 'reference') throw new Skip('it is what the others are compared with')
  const cell = await findCell('lstm')
  const reads = Array.from({ length: 4 }, (_, i) => Array.from({ length: 13 }, (_, t) => (t * t + i * t) % 4))
  const values = async (on: string): Promise<number[]> => {
    const run = compile(
      () => {
        const options = { cell, hidden: 8 }
        const parameters = initialModel(options, randomKey(1))
        const { loss } = batchLoss(options, parameters, tensor(reads, { dtype: 'int32' }))
        return { loss, gradients: gradients(loss, parameters) }
      },
      { device: on },
    )
    const results = entries(run())
    return (await Promise.all(results.map(([, t]) => t.data()))).flatMap(data => [...data])
  }
  return `LSTM over 12 steps, loss and gradients, ${agree(await values(name), await values('reference'), tolerance(name, 10))}`
}

/** So many times what the device says that its products may be off. */
const tolerance = (name: string, factor: number): number => factor * (device(name).device.matmulEps ?? 1e-6)

/** @throws Error unless all values are within `tolerance`. */
function agree(got: ArrayLike<number>, wanted: readonly number[], tolerance: number): string {
  const worst = wanted.reduce((most, w, i) => Math.max(most, Math.abs(got[i] - w)), 0)
  const found = `largest difference ${worst.toExponential(1)}`
  if (!(worst <= tolerance)) throw new Error(`${found}, wanted at most ${tolerance}`)
  return found
}
