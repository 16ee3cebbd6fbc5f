import { type Carry, type Cell, type ParameterSpec, type Parameters, runCell, stepCell } from '../cell.js'
import { compile } from '../compile.js'
import { gradients } from '../gradient.js'
import type { Tensor } from '../graph/tensor.js'
import { entries, fillTree, leaves } from '../graph/tree.js'
import { printShape, type Shape, sizeOf } from '../kernel/shape.js'
import { keyFromSeed, uniformAt } from '../kernel/threefry.js'
import { arange, tensor } from '../ops/index.js'
import { randomKey } from '../random.js'
import { dispose } from '../scope.js'
import { firstDifferenceOfTrees } from './compare.js'
import { fastCheck } from './fastCheck.js'
import { gradcheck, printIndex } from './gradcheck.js'
import { plainLoop } from './plainLoop.js'

/** How hard `checkCell` looks for a mistake. */
export type CheckCellOptions = {
  /** Random cases to try (default 12). */
  readonly runs?: number
  /** What a failure printed, to try the same cases again. */
  readonly seed?: number
  readonly path?: string
  /** Largest difference, relative to 1 or to the value if that is larger (default 1e-6). */
  readonly tolerance?: number
}

/** A random case: sizes, a seed for all numbers, the dropout rate, and the direction. */
type Case = {
  readonly batch: number
  readonly input: number
  readonly hidden: number
  readonly steps: number
  readonly seed: number
  readonly dropout: number
  readonly reverse: boolean
}

/** Random arguments of a cell; `xs` is [steps, batch, input], each carry [batch, hidden]. */
type State = { readonly parameters: Parameters; readonly carry: Carry; readonly xs: Tensor }

/**
 * Property-test a recurrent cell: for random sizes, values and seeds, in float64 on the reference device,
 * - carry and output have the shapes that a cell promises, and are finite;
 * - `scan` over the cell equals the plain loop, values and gradients, with the same dropout masks;
 * - gradients for parameters, initial carry and inputs equal central differences.
 *
 * @throws Error with the smallest case that fails, its seed and path (give them back to repeat it).
 */
export async function checkCell(cell: Cell, options: CheckCellOptions = {}): Promise<void> {
  const { runs = 12, tolerance = 1e-6, ...replay } = options
  const fc = await fastCheck()
  const size = fc.integer({ min: 1, max: 3 })
  const cases = fc.record({
    batch: size,
    input: size,
    hidden: size,
    steps: fc.integer({ min: 1, max: 4 }),
    seed: fc.nat(),
    dropout: fc.constantFrom(0, 0.4),
    reverse: fc.boolean(),
  })
  const property = fc.asyncProperty(cases, async c => {
    const state = randomState(cell, c)
    try {
      checkShapes(cell, c, state)
      await checkFinite(cell, c, state)
      await compareWithLoop(cell, c, state, tolerance)
      const fn = (...tensors: Tensor[]) => total(runScanned(cell, c, fillTree(state, tensors)))
      await gradcheck(fn, leaves(state), { tolerance, names: entries(state).map(([path]) => nameOf(path)) })
    } finally {
      dispose(state)
    }
  })
  await fc.assert(property, { numRuns: runs, includeErrorInReport: true, ...replay })
}

/** Values in [-1, 1) in float64, each tensor from a stream of its own. */
function randomState(cell: Cell, { batch, input, hidden, steps, seed }: Case): State {
  const key = keyFromSeed(seed)
  let streams = 0
  const random = (shape: Shape): Tensor => {
    const values = new Float64Array(sizeOf(shape)).map((_, i) => 2 * uniformAt(key, streams, i) - 1)
    streams++
    return tensor(values, { shape })
  }
  const specs = Object.entries<ParameterSpec>(cell.parameters({ input, hidden }))
  return {
    parameters: Object.fromEntries(
      specs.map(([name, spec]) => [name, random('value' in spec ? spec.shape : spec)]),
    ),
    carry: Object.fromEntries(cell.carry.map(name => [name, random([batch, hidden])])),
    xs: random([steps, batch, input]),
  }
}

/** @throws Error unless carry and output of a step are [batch, hidden]. */
function checkShapes(cell: Cell, { batch, input, hidden }: Case, { parameters, carry, xs }: State): void {
  const { carry: next, out } = stepCell(cell, parameters, carry, xs.slice(0, 0, 1).reshape(batch, input), 0)
  const wanted = printShape([batch, hidden])
  for (const [name, t] of [...entries(next), ['out', out] as const])
    if (printShape(t.shape) !== wanted)
      throw new Error(
        `cell '${cell.name}': ${name} is ${printShape(t.shape)} after a step, wanted ${wanted} [batch, hidden]`,
      )
}

/** A part of a state by its path, for people: `parameter 'kernel'`. */
function nameOf(path: string): string {
  const [part, ...name] = path.split('.')
  if (part === 'xs') return 'the input xs'
  return `${part === 'parameters' ? 'parameter' : 'the initial carry'} '${name.join('.')}'`
}

/** @throws Error for a value that is not finite, of a cell whose parameters, carry and inputs are from -1 to 1. */
async function checkFinite(cell: Cell, c: Case, state: State): Promise<void> {
  const run = compile((s: State) => runScanned(cell, c, s), { device: 'reference' })
  const result = run(state)
  try {
    for (const [path, t] of entries(result)) {
      const values = await t.data()
      const wrong = values.findIndex(x => !Number.isFinite(x))
      if (wrong >= 0)
        throw new Error(
          `cell '${cell.name}': ${path} at ${printIndex(wrong, t)} is ${values[wrong]} after ${c.steps} steps, with parameters, carry and inputs between -1 and 1; a cell must give finite values there`,
        )
    }
  } finally {
    dispose(result)
    run.dispose()
  }
}

const noiseOf = ({ dropout, seed }: Case) => ({ rate: dropout, key: randomKey(seed) })

const runScanned = (cell: Cell, c: Case, { parameters, carry, xs }: State): { carry: Carry; out: Tensor } =>
  runCell(cell, parameters, carry, xs, noiseOf(c), { reverse: c.reverse })

/** The same by a plain loop over the steps. */
const runUnrolled: typeof runScanned = (cell, c, { parameters, carry, xs }) =>
  plainLoop(
    (state: Carry, { x, t }: { x: Tensor; t: Tensor }) => stepCell(cell, parameters, state, x, t, noiseOf(c)),
    carry,
    { x: xs, t: arange(c.steps) },
    { reverse: c.reverse },
  )

/** A scalar that depends on every element of a run's result. */
const total = ({ carry, out }: { carry: Carry; out: Tensor }): Tensor =>
  leaves(carry)
    .map((t, i) =>
      t
        .square()
        .sum()
        .mul(i + 1),
    )
    .reduce((a, b) => a.add(b), out.square().sum())

/** @throws Error when scan over the cell and the plain loop differ in a value or a gradient. */
async function compareWithLoop(cell: Cell, c: Case, state: State, tolerance: number): Promise<void> {
  const valuesAndGradient = (run: typeof runScanned) =>
    compile(
      (s: State) => {
        const result = run(cell, c, s)
        return { ...result, gradient: gradients(total(result), s) }
      },
      { device: 'reference' },
    )
  const [scanned, unrolled] = [valuesAndGradient(runScanned), valuesAndGradient(runUnrolled)]
  const results = [scanned(state), unrolled(state)]
  try {
    const wrong = await firstDifferenceOfTrees(results[0], results[1], tolerance, 'in the plain loop')
    if (wrong) throw new Error(`cell '${cell.name}': scan and the plain loop differ in ${wrong}`)
  } finally {
    dispose(results)
    scanned.dispose()
    unrolled.dispose()
  }
}
