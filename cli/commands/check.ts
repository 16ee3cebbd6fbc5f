import { basename } from 'node:path'
import { type Command, Option } from 'commander'
import {
  blasCalibrationFile,
  blasCalibrations,
  type CheckLine,
  clearBlasCalibrations,
  compile,
  DeviceUnavailableError,
  entries,
  gradients,
  openDevice,
  type Runtime,
  randomKey,
  selfCheck,
  type Tensor,
  tensor,
} from '../../engine/index.js'
import { batchLoss, findCell, initialModel } from '../../model/index.js'
import { checkOwnCell } from '../cellCheck.js'
import {
  type ChosenDevice,
  chosenDevice,
  type DeviceArguments,
  deviceOption,
  deviceOptionFlags,
  everyDevice,
  openChosenDevice,
} from '../deviceOptions.js'
import { exitCodes } from '../failure.js'
import { choice, figure, list, object, optional, table, text, truth } from '../schema.js'
import { print, type SummaryFlags, summarised } from '../summary.js'

/** What the command is given. */
type CheckArguments = DeviceArguments &
  SummaryFlags & { readonly cell?: string; readonly calibration?: 'show' | 'clear' }

/** One line of the self-test: resolves to what was found, throws what went wrong. */
type Test = { readonly name: string; readonly run: (device: Runtime) => Promise<string> }

/** A test that makes no sense for this device; the message says why. */
class Skip extends Error {}

/** What is tested of a device that opens. */
const tests: readonly Test[] = [
  { name: 'computes', run: firstComputation },
  { name: 'multiplies', run: largeProduct },
  { name: 'learns', run: scanWithGradients },
]

const help = `
With --cell, a cell of your own is tested instead: its gradients against finite differences and its scan against a loop in
random cases (the package fast-check draws them: npm install fast-check, where xenograd is installed), and its time beside
the built-in LSTM's, each over what it has to compute: 1 is as good, 2 twice as slow.`

const summary = {
  passed: truth('whether nothing has failed'),
  checks: list(
    object(
      {
        device: optional(text('the device that was tested')),
        cell: optional(text('the cell that was tested')),
        verdict: choice(['PASS', 'FAIL', 'SKIP'], 'the verdict'),
        what: text('what was looked at'),
        found: text('what was found, and what to do if it is not right'),
      },
      'a line of the test',
    ),
    'in order',
  ),
  calibrations: optional(
    table(
      table(
        object(
          {
            webAssembly: figure('microseconds by WebAssembly'),
            blas: figure('microseconds by the BLAS library'),
          },
          'a product of this kind',
        ),
        'by kind of product: small, medium, large, sums',
      ),
      'what --blas auto has measured, by what it was measured with; with --calibration',
    ),
  ),
}

/** `xenograd check`: does every device work here, or a cell? */
export function register(program: Command): void {
  const command = program
    .command('check')
    .description('self-test of every device: opens, computes, gradients of a scan; or of a cell')
    .option('--cell <file>', 'test a cell instead: a .js or .ts file that exports one, or the name of one')
    .addOption(
      new Option(
        '--calibration <action>',
        'instead: show what --blas auto has measured on this machine, or clear it, so that it is measured again',
      ).choices(['show', 'clear']),
    )
    .addOption(deviceOption('all'))
    .addHelpText('after', help)
  for (const option of deviceOptionFlags()) command.addOption(option)
  summarised(command, summary, async (given: CheckArguments) => {
    if (given.calibration !== undefined) return calibration(given)
    const checks: (CheckLine & { readonly device?: string; readonly cell?: string })[] = []
    const note = (subject: { readonly device: string } | { readonly cell: string }, line: CheckLine) => {
      const [name] = Object.values(subject)
      print(given, `${line.verdict}  ${name.padEnd(10)} ${line.what.padEnd(10)} ${line.found}\n`)
      checks.push({ ...subject, ...line })
    }
    if (given.cell !== undefined) {
      const cell = basename(given.cell)
      const device = await openChosenDevice(given)
      for await (const line of checkOwnCell(given.cell, device)) note({ cell }, line)
    } else {
      const chosen = given.device === undefined ? undefined : await chosenDevice(given)
      if (chosen)
        for await (const line of selfCheck(chosen.name, chosen.options)) note({ device: chosen.name }, line)
      for (const device of chosen ? [chosen] : everyDevice(given))
        for await (const line of checkDevice(device, chosen === undefined))
          note({ device: device.name }, line)
    }
    const passed = !checks.some(({ verdict }) => verdict === 'FAIL')
    if (!passed) process.exitCode = exitCodes.failure
    return { passed, checks }
  })
}

/** Shows what was measured of BLAS and WebAssembly, a line for each kind of product, or forgets it. */
function calibration(given: CheckArguments) {
  const [file, known] = [blasCalibrationFile(), blasCalibrations()]
  if (given.calibration === 'clear') clearBlasCalibrations()
  print(given, `${given.calibration === 'clear' ? 'cleared' : 'calibrations'}\t${file ?? 'none here'}\n`)
  if (given.calibration === 'show')
    for (const [measuredWith, kinds] of Object.entries(known)) {
      print(given, `${measuredWith}\n`)
      for (const [kind, { webAssembly, blas }] of Object.entries(kinds))
        print(given, `\t${kind}\tWebAssembly ${webAssembly.toFixed(1)} µs\tBLAS ${blas.toFixed(1)} µs\n`)
    }
  return { passed: true, checks: [], calibrations: known }
}

/** The lines of one device. `optional`: where the device is not available, its lines are SKIP instead of FAIL. */
async function* checkDevice({ name, options }: ChosenDevice, optional: boolean): AsyncGenerator<CheckLine> {
  let device: Runtime | undefined
  yield await judge('opens', optional, async () => {
    device = await openDevice(name, options)
    return device.description
  })
  for (const { name: test, run } of tests)
    yield await judge(test, optional, async () => {
      if (!device) throw new Skip('it did not open')
      return run(device)
    })
}

/** The line of one test. */
async function judge(what: string, optional: boolean, test: () => Promise<string>): Promise<CheckLine> {
  try {
    return { verdict: 'PASS', what, found: await test() }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const skipped = error instanceof Skip || (optional && error instanceof DeviceUnavailableError)
    if (skipped) return { verdict: 'SKIP', what, found: error.message }
    return { verdict: 'FAIL', what, found: error.message.split('\n')[0] }
  }
}

/** tanh(A B) against plain JavaScript. */
async function firstComputation({ name, mapEps, matmulEps }: Runtime): Promise<string> {
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
  const actual = await run(tensor(a), tensor(b)).data()
  const expected = product(a, b).map(Math.tanh)
  return `tanh of a matrix product, ${agree(actual, expected, Math.max(mapEps, 4 * matmulEps))}`
}

/** A product large enough for whatever a device has for large ones (a BLAS library), and what that was. */
async function largeProduct(device: Runtime): Promise<string> {
  const [rows, size] = [48, 96]
  const matrix = (rows: number, seed: number) =>
    Array.from({ length: rows }, (_, i) =>
      Array.from({ length: size }, (_, j) => Math.sin(seed * (size * i + j))),
    )
  const [a, b] = [matrix(rows, 1), matrix(size, 2)]
  const before = device.description
  const run = compile((x: Tensor, y: Tensor) => x.matmul(y), { device: device.name })
  const actual = await run(tensor(a), tensor(b)).data()
  const agreement = agree(actual, product(a, b), size * device.matmulEps)
  const result = `[${rows}, ${size}] × [${size}, ${size}], ${agreement}`
  // A library is loaded, and the description names it, when it is first needed.
  return device.description === before ? result : `${result}; now ${device.description}`
}

/** Loss and gradients of the shipped LSTM over twelve steps, against the reference device. */
async function scanWithGradients({ name, mapEps, matmulEps }: Runtime): Promise<string> {
  if (name === 'reference') throw new Skip('it is what the others are compared with')
  const cell = await findCell('lstm')
  const reads = Array.from({ length: 4 }, (_, i) => Array.from({ length: 13 }, (_, t) => (t * t + i * t) % 4))
  const values = async (device: string): Promise<number[]> => {
    const run = compile(
      () => {
        const options = { cell, hidden: 8 }
        const parameters = initialModel(options, randomKey(1))
        const { loss } = batchLoss(options, parameters, tensor(reads, { dtype: 'int32' }))
        return { loss, gradients: gradients(loss, parameters) }
      },
      { device },
    )
    const results = entries(run())
    return (await Promise.all(results.map(([, t]) => t.data()))).flatMap(data => [...data])
  }
  const agreement = agree(await values(name), await values('reference'), 10 * Math.max(mapEps, matmulEps))
  return `LSTM over 12 steps, loss and gradients, ${agreement}`
}

/** The product of two matrices, in row-major order. */
const product = (a: readonly number[][], b: readonly number[][]): number[] =>
  a.flatMap(row => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0)))

/** How far values are from those expected, in words. @throws Error unless all are within `tolerance`. */
function agree(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): string {
  const largest = expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i] - value)), 0)
  const difference = `largest difference ${largest.toExponential(1)}`
  // NaN is within no tolerance.
  if (!(largest <= tolerance)) throw new Error(`${difference}, wanted at most ${tolerance}`)
  return difference
}
