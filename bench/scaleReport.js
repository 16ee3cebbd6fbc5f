// What bench/scale.js makes of its measurements: prices of the model of cost, how far its predictions are off, the paper's
// training on several machines, and all of that as text and as panels of pictures.
import {
  cost,
  fitPrices,
  parameterCount,
  scoringMemory,
  scoringWork,
  stepOn,
  sumWork,
  trainingMemory,
  trainingWork,
} from './scaleModel.js'

/**
 * The paper's training; `alone`: seconds of a step on a machine of two cores that nobody else uses, measured by
 * `npm run bench` (RESULTS.md, "Node 20: H = 2000", with BLAS).
 */
export const paper = { batch: 100, length: 250, hidden: 2000, steps: 900_000, alone: 6.48 }

const machineCounts = [1, 2, 4, 8, 16, 32, 64]

/** Prices by measurements, and how many times as much as measured the model says; `apart` are not fitted. */
function fitAndCompare(samples, workOf, name) {
  const fitted = samples.filter(({ apart }) => !apart)
  const prices = fitPrices(fitted.map(sample => ({ work: workOf(sample), measured: sample[name] })))
  const compared = samples.map(sample => {
    const predicted = cost(workOf(sample), prices)
    return { ...sample, predicted, ratio: predicted / sample[name] }
  })
  return { prices, compared }
}

/**
 * Sums by size: fitted to two processes and sizes below the paper's gradients; judged by those, and by four processes.
 * For predictions all sizes of two processes are fitted.
 */
function fitSums(sums) {
  const networks = {}
  const compared = []
  for (const connection of new Set(sums.map(sum => sum.connection))) {
    const ofConnection = sums.filter(sum => sum.connection === connection)
    const judged = ofConnection.map(sum => ({ ...sum, apart: sum.processes > 2 || sum.bytes > 2e7 }))
    compared.push(...fitAndCompare(judged, sumWork, 'wall').compared)
    const ofTwo = ofConnection.filter(({ processes }) => processes === 2)
    networks[connection] = fitAndCompare(ofTwo, sumWork, 'wall').prices
  }
  return { networks, compared }
}

/** A step of as many shards as processes: what computing and exchanging should take, beside what they took. */
function compareStep(step, compute, networks) {
  const { processes, connection, processor, exchanging = 0 } = step
  const sizes = { ...step, rows: step.rows / processes, shards: step.shards / processes }
  const bytes = 4 * (parameterCount(step.hidden) + 2)
  const predicted = {
    computing: cost(trainingWork(sizes), compute),
    exchanging: connection ? cost(sumWork({ processes, bytes }), networks[connection]) : 0,
  }
  const total = predicted.computing + predicted.exchanging
  const measured = processor + exchanging
  return { ...step, measured, predicted: total, ratio: total / measured }
}

/** Everything that is fitted to measurements, and what follows from it. */
export function modelled({ train = [], score = [], processes = { sums: [], trainings: [] } }) {
  const alone = train.filter(({ threads }) => threads === 1)
  const fits = {
    ...(train.length > 0 && {
      'training step, s': fitAndCompare(alone, trainingWork, 'processor'),
      'memory of a training, byte': fitAndCompare(alone, trainingMemory, 'memory'),
    }),
    ...(score.length > 0 && {
      'scoring, s': fitAndCompare(score, scoringWork, 'processor'),
      'memory of a scoring, byte': fitAndCompare(score, scoringMemory, 'memory'),
    }),
  }
  // What lies apart judges the model; for predictions beyond it everything is fitted.
  const all = alone.map(work => ({ ...work, apart: false }))
  const compute = train.length > 0 ? fitAndCompare(all, trainingWork, 'processor').prices : {}
  const threads = train.filter(({ axis }) => axis === 'threads')
  const { networks, compared: sums } = fitSums(processes.sums)
  const steps = processes.trainings.map(step => compareStep(step, compute, networks))
  return { fits, compute, threads, networks, sums, steps }
}

/**
 * What several machines are predicted for: networks as they were measured, and as fast as their lines are (a machine of
 * one's own comes between the two); an exchange that takes no time, also with as few shards as there can be.
 */
function cases(networks) {
  const measured = Object.entries(networks).filter(([name]) => name.endsWith('Gbit/s'))
  return [
    { name: 'free exchange', leastShards: 8 },
    { name: 'free, a shard each', leastShards: 1 },
    ...measured.map(([name, network]) => ({ name, network, leastShards: 8 })),
    ...measured.map(([name, prices]) => {
      const bytesPerSecond = Number.parseFloat(name) * 1.25e8
      const network = { ...prices, 'byte sent': 1 / bytesPerSecond }
      return { name: `${name}, full line`, network, leastShards: 8 }
    }),
  ]
}

/** The paper's training by the number of machines of two cores. */
export const predictions = ({ compute, networks }) =>
  cases(networks).flatMap(({ name, ...given }) =>
    machineCounts.map(machines => {
      const step = stepOn(machines, paper, { alone: paper.alone, compute, ...given })
      return { network: name, machines, ...step, days: (paper.steps * step.total) / 86_400 }
    }),
  )

const labels = { rows: 'reads of a batch', reads: 'reads', length: 'bases of a read', hidden: 'hidden units' }

/** A step by threads: the processor's time of each, beside an even share of what one takes. */
function threadPanel(works) {
  if (works.length === 0) return []
  const points = works.map(({ threads, processor }) => ({
    name: '',
    x: threads,
    y: (1000 * processor) / threads,
  }))
  const lines = points.map(({ name, x }) => ({ name, x, y: points[0].y / x }))
  return [{ title: 'Training step by threads, ms', x: 'threads', points, lines, linear: true }]
}

/** Panels of what is measured (dots) and modelled (lines). */
export function measuredPanels({ fits, threads, sums, steps }) {
  const along = (axes, title, fit, name, scale) =>
    axes.flatMap(axis => {
      const ofAxis = fits[fit]?.compared.filter(work => work.axis === axis) ?? []
      if (ofAxis.length === 0) return []
      const of = key => ofAxis.map(point => ({ name: axis, x: point[axis], y: point[key] * scale }))
      const linear = name === 'memory'
      return [{ title, x: labels[axis], points: of(name), lines: of('predicted'), linear }]
    })
  const [ofTraining, ofScoring] = ['rows', 'reads'].map(axis => [axis, 'length', 'hidden'])
  const ofSums = [2, 4].flatMap(processes => {
    const some = sums.filter(sum => sum.processes === processes)
    if (some.length === 0) return []
    const of = key => some.map(sum => ({ name: sum.connection, x: sum.bytes, y: 1000 * sum[key] }))
    return [
      {
        title: `Sum over ${processes} processes, ms`,
        x: 'bytes',
        points: of('wall'),
        lines: of('predicted'),
        corner: 'top-left',
      },
    ]
  })
  const ofSteps = key =>
    steps.map(step => ({ name: step.connection ?? 'alone', x: step.processes, y: 1000 * step[key] }))
  const stepPanel = {
    ...{ title: 'Training step by processes, ms', x: 'processes', linear: true, corner: 'bottom-left' },
    ...{ points: ofSteps('measured'), lines: ofSteps('predicted') },
  }
  return [
    ...along(ofTraining, 'Training step, ms', 'training step, s', 'processor', 1000),
    ...along(ofTraining, 'Memory of a training, MB', 'memory of a training, byte', 'memory', 1e-6),
    ...along(ofScoring, 'Scoring, s', 'scoring, s', 'processor', 1),
    ...along(ofScoring, 'Memory of a scoring, MB', 'memory of a scoring, byte', 'memory', 1e-6),
    ...threadPanel(threads),
    ...ofSums,
    ...(steps.length > 0 ? [stepPanel] : []),
  ]
}

/** Panels of the paper's training on several machines. */
export function predictedPanels(points) {
  const alone = points[0].total
  const panel = (title, y, linear = false) => {
    const lines = points.map(point => ({ name: point.network, x: point.machines, y: y(point) }))
    return { title, x: 'machines of two cores', linear, lines }
  }
  return [
    panel(`Days for ${paper.steps.toLocaleString('en')} steps`, ({ days }) => days),
    panel('Times as fast as one machine', ({ total }) => alone / total),
    panel('Exchanging, % of a step', ({ exchanging, total }) => (100 * exchanging) / total, true),
  ]
}

const short = value => String(Number(value.toPrecision(3)))
const inMilliseconds = seconds => short(1000 * seconds)

const table = (columns, rows) =>
  `${[columns, columns.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n')}\n`

const sizesOf = ({ rows, reads, shards, length, hidden }) =>
  Object.entries({ rows, reads, shards, length, H: hidden })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')

const isOff = ({ ratio }) => ratio > 1.15 || ratio < 1 / 1.15

function fitText(name, { prices, compared }) {
  const measured = name.startsWith('memory') ? 'memory' : 'processor'
  const priceList = Object.entries(prices).map(([of, price]) => `${of} ${short(price)}`)
  const rows = compared
    .filter(work => isOff(work) || work.apart)
    .map(work => [
      ...[sizesOf(work), work.apart ? 'no' : 'yes', short(work[measured]), short(work.predicted)],
      work.ratio.toFixed(2),
    ])
  const within = compared.filter(work => !isOff(work)).length
  return [
    `${name}: ${priceList.join('; ')}`,
    `${within} of ${compared.length} within 15 %; those that are not, and those that were not fitted:\n`,
    table(['sizes', 'fitted', 'measured', 'predicted', 'ratio'], rows),
  ]
}

function processText({ networks, sums, steps }) {
  const ofNetworks = Object.entries(networks).map(
    ([name, price]) =>
      `${name}: ${short(1e6 * price.exchange)} µs an exchange, ${short(1e-6 / price['byte sent'])} MB/s`,
  )
  const sumRows = sums.map(sum => [
    ...[sum.processes, sum.connection, sum.bytes, sum.apart ? 'no' : 'yes'],
    ...[sum.wall, sum.library, sum.predicted].map(inMilliseconds),
    sum.ratio.toFixed(2),
  ])
  const stepRows = steps.map(step => [
    ...[sizesOf(step), step.processes, step.connection ?? 'alone'],
    ...[step.processor, step.exchanging ?? 0, step.predicted].map(inMilliseconds),
    step.ratio.toFixed(2),
  ])
  const ofSum = [
    'processes',
    'by',
    'bytes',
    'fitted',
    'ms',
    "ms of MPI_Allreduce's own",
    'predicted',
    'ratio',
  ]
  const ofStep = ['step', 'processes', 'by', 'computing, ms', 'exchanging, ms', 'predicted, ms', 'ratio']
  return [...ofNetworks, '', table(ofSum, sumRows), table(ofStep, stepRows)]
}

/** What is printed, as lines. */
export function reportText({ conditions, model, predicted }) {
  const rows = predicted.map(point => [
    ...[point.machines, point.network],
    ...[point.computing, point.exchanging, point.days, predicted[0].total / point.total].map(short),
  ])
  const columns = [
    'machines',
    'network',
    'computing, s',
    'exchanging, s',
    `days for ${paper.steps} steps`,
    'times as fast',
  ]
  return [
    JSON.stringify(conditions),
    ...Object.entries(model.fits).flatMap(([name, fit]) => fitText(name, fit)),
    ...model.threads.map(
      work => `${sizesOf(work)}, ${work.threads} threads: processor ${short(work.processor)} s`,
    ),
    ...(model.sums.length > 0 ? processText(model) : []),
    ...(predicted.length > 0 ? [table(columns, rows)] : []),
  ].join('\n')
}
