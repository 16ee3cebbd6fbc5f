import type { Markish } from '@observablehq/plot'
import type { TrainingCurve, TrainingPoint } from '../trainingCurve.js'
import { columnWidth } from './distributionCharts.js'
import { type Chart, draw, lookOf, type Plotting } from './plotting.js'

/** Losses of trainings by step: a line for training, dots with a thin line for validation; look i is the i-th run's. */
export function lossChart(plotting: Plotting, curves: readonly TrainingCurve[]): Chart {
  const { Plot } = plotting
  const marks = curves.flatMap(({ points }, i): Markish[] => {
    const { colour, dashes, symbol } = lookOf(i)
    const trained = thinnedPoints(points, 'loss')
    const validated = thinnedPoints(points, 'validationLoss')
    return [
      Plot.line(trained, { x: 'step', y: 'loss', stroke: colour, strokeDasharray: dashes, strokeWidth: 2 }),
      Plot.line(validated, { x: 'step', y: 'validationLoss', stroke: colour, strokeWidth: 1 }),
      Plot.dot(validated, { x: 'step', y: 'validationLoss', symbol, fill: colour, r: 2.5 }),
    ]
  })
  return draw(plotting, 'Losses by step of training', {
    ...stepFrame,
    y: yAxis('nats per base (dots: validation)'),
    marks,
  })
}

/** AUROCs that trainings logged, by step; look i is the i-th run's. */
export function loggedAurocChart(plotting: Plotting, curves: readonly TrainingCurve[]): Chart {
  const { Plot } = plotting
  const marks = curves.flatMap(({ points }, i): Markish[] => {
    const { colour, dashes, symbol } = lookOf(i)
    const logged = thinnedPoints(points, 'auroc')
    return [
      Plot.line(logged, { x: 'step', y: 'auroc', stroke: colour, strokeDasharray: dashes, strokeWidth: 1.5 }),
      Plot.dot(logged, { x: 'step', y: 'auroc', symbol, fill: colour, r: 2.5 }),
    ]
  })
  return draw(plotting, 'Logged AUROC by step of training', {
    ...stepFrame,
    y: yAxis('AUROC of validation reads'),
    marks,
  })
}

const stepFrame = {
  ...{ width: columnWidth, height: 280, marginLeft: 56, marginRight: 24, marginTop: 24, marginBottom: 40 },
  x: { label: 'step', labelAnchor: 'center', labelArrow: 'none', ticks: 5 },
} as const

const yAxis = (label: string) => ({ label, grid: true, ticks: 6, labelArrow: 'none' }) as const

/** The points that have a value: at most five hundred, evenly from all. */
function thinnedPoints(points: readonly TrainingPoint[], name: keyof TrainingPoint): TrainingPoint[] {
  const given = points.filter(point => point[name] !== undefined)
  const step = Math.max(1, given.length / 500)
  return Array.from({ length: Math.floor(given.length / step) }, (_, i) => given[Math.floor(i * step)])
}
