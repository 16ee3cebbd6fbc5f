import { type Cell, type CheckLine, dispose, leaves, type Runtime, tensor } from '../engine/index.js'
import { findCell, initialState, makeTrainStep } from '../model/index.js'

/** The sizes with which a cell is timed: those of a small training, half a second a step or less. */
const timed = { hidden: 128, batch: 100, steps: 50, rounds: 9 }
const bases = 4

/**
 * The lines of `xenograd check --cell`: whether the properties of a cell hold (`checkCell`), and how well it is computed.
 * @throws SettingsError as `findCell`.
 */
export async function* checkOwnCell(file: string, device: Runtime): AsyncGenerator<CheckLine> {
  const cell = await findCell(file)
  yield await checkProperties(cell)
  yield await compareWithLstm(cell, device)
}

async function checkProperties(cell: Cell): Promise<CheckLine> {
  const { checkCell } = await import('../engine/testing/index.js')
  const runs = 12
  try {
    await checkCell(cell, { runs })
    const found = `${runs} random cases: gradients equal finite differences, scan equals the plain loop`
    return { verdict: 'PASS', what: 'properties', found }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { verdict: 'FAIL', what: 'properties', found: inOneLine(error.message) }
  }
}

/** The report of a failed property: what is wrong, the smallest case, and what repeats it. */
function inOneLine(report: string): string {
  const problem = /^Got \w+: (.*)$/m.exec(report)?.[1]
  if (problem === undefined) return report.split('\n')[0]
  const counterexample = /^Counterexample: \[(.*)\]$/m.exec(report)?.[1]
  const replay = /seed: -?\d+, path: "[^"]*"/.exec(report)?.[0]
  return `${problem} (smallest case ${counterexample}; checkCell(cell, { ${replay} }) repeats it)`
}

/** The time of a training step over its arithmetic, beside the built-in LSTM's; in turns, since machines have moods. */
async function compareWithLstm(cell: Cell, { name }: Runtime): Promise<CheckLine> {
  const { cellArithmetic } = await import('../engine/testing/index.js')
  const { hidden, batch, steps, rounds } = timed
  const lstm = await findCell('lstm')
  const arithmetic = (c: Cell) => cellArithmetic(c, hidden, batch, bases)
  try {
    const [own, builtIn] = [trainingOf(cell, name), trainingOf(lstm, name)]
    const ratios: number[] = []
    for (let round = -1; round < rounds; round++) {
      const ratio = (await own.step()) / (await builtIn.step())
      if (round >= 0) ratios.push((ratio / arithmetic(cell)) * arithmetic(lstm))
    }
    own.dispose()
    builtIn.dispose()
    ratios.sort((a, b) => a - b)
    const [least, median, most] = [0, (rounds - 1) / 2, rounds - 1].map(i => ratios[i].toFixed(2))
    const found = `${median} [${least}, ${most}] of the built-in LSTM's time over arithmetic (a training step of ${hidden} units, ${batch} reads, ${steps} bases)`
    return { verdict: 'PASS', what: 'time', found }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { verdict: 'FAIL', what: 'time', found: error.message.split('\n')[0] }
  }
}

/** A training with a cell, whose every step says how many milliseconds it took. */
function trainingOf(cell: Cell, device: string): { step(): Promise<number>; dispose(): void } {
  const { hidden, batch, steps } = timed
  const options = { cell, hidden, seed: 1, device }
  const settings = {
    learningRate: 5e-4,
    dropoutRate: 0,
    regulariserType: 'l2',
    regulariserWeight: 0,
  } as const
  const trainStep = makeTrainStep({ ...options, ...settings })
  const bases = Int32Array.from({ length: batch * steps }, (_, i) => (i * i + (i >> 3)) % 4)
  const reads = tensor(bases, { shape: [batch, steps] })
  let state = initialState(options)
  return {
    async step() {
      const start = performance.now()
      ;({ state } = await trainStep(state, reads))
      return performance.now() - start
    },
    dispose() {
      trainStep.compiled.dispose()
      dispose([...leaves(state), reads])
    },
  }
}
