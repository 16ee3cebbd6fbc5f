// A model of what the LSTM costs: quantities that follow from sizes alone (arithmetic, bytes moved, steps of loops,
// messages), each times a price that is fitted to measurements. `bench/scale.js` measures, fits and compares.
import { bases } from './problem.js'

/** Numbers of a model: the cell's kernel and bias (four gates), and the dense layer to the four bases. */
export const parameterCount = hidden => 4 * hidden * (bases + hidden + 1) + bases * (hidden + 1)

/**
 * What one training step of a process consists of. `rows`: reads of its shards together; `shards`: how many it computes,
 * one after the other, 1 for whole batches.
 *
 * A read and base takes a product of [1, H] × [H, 4H] forward and two backward, of 2 · 4H² operations each. At every base
 * the loops read the kernel once forward and once backward, 16H² bytes each, however few rows they multiply by it. A shard's
 * gradient is written and added (3 numbers a parameter); Adam reads four numbers a parameter and writes three.
 */
export const trainingWork = ({ rows, shards = 1, length, hidden }) => ({
  'product, operation': 24 * rows * length * hidden ** 2,
  'gates, unit': rows * length * hidden,
  'kernel read, byte': 32 * shards * length * hidden ** 2,
  'base of a shard': shards * length,
  'base of a read': rows * length,
  'parameter moved, byte': 4 * (3 * shards + 7) * parameterCount(hidden),
  step: 1,
})

/** What scoring reads with `xenograd score` consists of: the products and gates of the way forward, and a start of the process. */
export const scoringWork = ({ reads, length, hidden }) => ({
  'product, operation': 8 * reads * length * hidden ** 2,
  'gates, unit': reads * length * hidden,
  'base of a read': reads * length,
  read: reads,
  start: 1,
})

/** What lies in the memory of a training: values kept for the backward loop, parameters with gradients and Adam's moments. */
export const trainingMemory = ({ rows, length, hidden }) => ({
  'kept unit, byte': 4 * rows * length * hidden,
  'parameter, byte': 4 * parameterCount(hidden),
  process: 1,
})

/** What lies in the memory of a scoring: the model, and what is computed of a batch's piece, whose length is bounded. */
export const scoringMemory = ({ hidden }) => ({
  'unit, byte': 4 * hidden,
  'parameter, byte': 4 * parameterCount(hidden),
  process: 1,
})

/**
 * What a sum over processes consists of, by recursive halving and doubling (Thakur, Rabenseifner & Gropp 2005, section
 * 4.4): a process exchanges halves, quarters … with log2(P) others, and the same on the way back: alpha for each of the
 * 2 log2(P) exchanges, beta for each of the 2(1 - 1/P)n bytes that a process sends. Adding them is among beta.
 */
export const sumWork = ({ processes, bytes }) => ({
  exchange: 2 * Math.log2(processes),
  'byte sent': 2 * (1 - 1 / processes) * bytes,
})

/** What work costs at some prices. */
export const cost = (work, prices) =>
  Object.entries(work).reduce((sum, [name, amount]) => sum + amount * (prices[name] ?? 0), 0)

/**
 * Prices, none below 0, that fit costs to measurements by their ratios, too much and too little alike: least squares of
 * (cost - measured)² / (cost · measured), near 1 the square of the ratio's logarithm, with the denominator of the fit before.
 */
export function fitPrices(samples) {
  let prices
  for (let round = 0; round < 20; round++) {
    const rows = samples.map(({ work, measured }) => {
      const before = prices ? cost(work, prices) : measured
      const scale = Math.sqrt(Math.max(before, measured / 100) * measured)
      return { work, measured, scale }
    })
    prices = leastSquares(rows, prices)
  }
  return prices
}

/**
 * Least squares of (cost - measured) / scale over prices that are not negative, by one price after the other until none
 * changes: there are a few of them, so that nothing cleverer is needed.
 */
function leastSquares(samples, start) {
  const names = Object.keys(samples[0].work)
  const prices = names.map(name => start?.[name] ?? 0)
  const columns = names.map(name => samples.map(({ work, scale }) => work[name] / scale))
  const squares = columns.map(column => column.reduce((sum, x) => sum + x * x, 0))
  const left = samples.map(
    ({ measured, scale }, i) =>
      measured / scale - columns.reduce((sum, column, j) => sum + column[i] * prices[j], 0),
  )
  for (let sweep = 0, change = 1; sweep < 20_000 && change > 1e-9; sweep++) {
    change = 0
    columns.forEach((column, j) => {
      if (squares[j] === 0) return
      const slope = column.reduce((sum, x, i) => sum + x * left[i], 0)
      const difference = Math.max(-prices[j], slope / squares[j])
      column.forEach((x, i) => {
        left[i] -= x * difference
      })
      prices[j] += difference
      change = Math.max(change, Math.abs(difference) * Math.sqrt(squares[j]))
    })
  }
  return Object.fromEntries(names.map((name, j) => [name, prices[j]]))
}

/**
 * Seconds of a training step on so many machines, by what they go to. `alone`: what it takes on one, in whole batches;
 * `compute`: prices, by which it grows with more of them; `network`: prices of a sum, or undefined where exchanging is
 * free; `leastShards`: there are as many shards as machines, and so many at least.
 */
export function stepOn(machines, { batch, length, hidden }, { alone, compute, network, leastShards = 8 }) {
  const work = (rows, shards) => cost(trainingWork({ rows, shards, length, hidden }), compute)
  // The slowest has a row more where rows do not come out even.
  const shared = () => work(Math.ceil(batch / machines), Math.max(leastShards, machines) / machines)
  const computing = machines === 1 ? alone : (alone * shared()) / work(batch, 1)
  // The sum of gradients, loss and accuracy, and before it that of the words by which the first process says what is next.
  const sums = [4 * (parameterCount(hidden) + 2), 8].map(bytes => sumWork({ processes: machines, bytes }))
  const exchanging = network ? sums.reduce((sum, work) => sum + cost(work, network), 0) : 0
  return { computing, exchanging, total: computing + exchanging }
}
