import type { Markish } from '@observablehq/plot'
import type { GroupEvaluation } from '../groups.js'
import type { Estimate } from '../interval.js'
import { columnWidth } from './distributionCharts.js'
import { type Chart, draw, type LegendItem, type Plotting, plainText } from './plotting.js'

type Point = Estimate & { group: string }

/** The estimates of one score, those that are defined. */
const pointsOf = (groups: readonly GroupEvaluation[], score: string): Point[] =>
  groups
    .map(({ group, auroc }) => ({ group: plainText(group), ...auroc[score] }))
    .filter(({ value }) => !Number.isNaN(value))

/** Pixels that the i-th of some scores is moved by, so that no interval lies on another. */
const besideOthers = (i: number, scores: readonly LegendItem[]): number => 4 * (i - (scores.length - 1) / 2)

const withInterval = ({ low, high }: Point): boolean => !Number.isNaN(low + high)

/** AUROC and interval by genus, a line for each with its number of reads, worst first by the last of `scores`. */
export function genusChart(
  plotting: Plotting,
  groups: readonly GroupEvaluation[],
  scores: readonly LegendItem[],
): Chart {
  const { Plot } = plotting
  const last = scores[scores.length - 1].label
  const sorted = groups.toSorted((a, b) => a.auroc[last].value - b.auroc[last].value)
  const marks = scores.flatMap(({ label, look: { colour, symbol } }, i): Markish[] => {
    const points = pointsOf(groups, label)
    const dy = besideOthers(i, scores)
    return [
      Plot.ruleY(points.filter(withInterval), {
        y: 'group',
        x1: 'low',
        x2: 'high',
        dy,
        stroke: colour,
        strokeWidth: 1.5,
      }),
      Plot.dot(points, { y: 'group', x: 'value', dy, symbol, fill: colour, r: 3 }),
    ]
  })
  const readsOf = ({ distribution, readsIn, readsOod }: GroupEvaluation) =>
    distribution === 'in' ? readsIn : readsOod
  const sizes = new Map(groups.map(group => [plainText(group.group), readsOf(group)]))
  return draw(plotting, `AUROC by genus: ${scores.map(({ label }) => label).join(', ')}`, {
    ...{ width: columnWidth, height: 60 + 18 * groups.length },
    ...{ marginLeft: 180, marginRight: 16, marginTop: 16, marginBottom: 40 },
    x: { label: 'AUROC', labelAnchor: 'center', labelArrow: 'none', grid: true, ticks: 5 },
    y: {
      domain: sorted.map(({ group }) => plainText(group)),
      label: null,
      tickFormat: (group: string) => `${group} (${sizes.get(group)})`,
    },
    marks: [
      Plot.ruleX([0.5], { stroke: 'currentColor', strokeOpacity: 0.5, strokeDasharray: '4 4' }),
      ...marks,
    ],
  })
}

/** AUROC and interval by class of length. */
export function lengthChart(
  plotting: Plotting,
  groups: readonly GroupEvaluation[],
  scores: readonly LegendItem[],
): Chart {
  const { Plot } = plotting
  const marks = scores.flatMap(({ label, look: { colour, dashes, symbol } }, i): Markish[] => {
    const points = pointsOf(groups, label)
    const dx = besideOthers(i, scores)
    return [
      Plot.ruleX(points.filter(withInterval), {
        x: 'group',
        y1: 'low',
        y2: 'high',
        dx,
        stroke: colour,
        strokeWidth: 1.5,
      }),
      Plot.line(points, {
        x: 'group',
        y: 'value',
        dx,
        stroke: colour,
        strokeDasharray: dashes,
        strokeWidth: 2,
      }),
      Plot.dot(points, { x: 'group', y: 'value', dx, symbol, fill: colour, r: 4 }),
    ]
  })
  return draw(plotting, `AUROC by length: ${scores.map(({ label }) => label).join(', ')}`, {
    ...{ width: columnWidth, height: 300, marginLeft: 56, marginRight: 24, marginTop: 24, marginBottom: 44 },
    x: {
      type: 'point',
      domain: groups.map(({ group }) => group),
      label: 'length in bases',
      labelAnchor: 'center',
      labelArrow: 'none',
    },
    y: { label: 'AUROC', grid: true, ticks: 6, labelArrow: 'none' },
    marks: [
      Plot.ruleY([0.5], { stroke: 'currentColor', strokeOpacity: 0.5, strokeDasharray: '4 4' }),
      ...marks,
    ],
  })
}
