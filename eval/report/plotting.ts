import type { Markish, PlotOptions } from '@observablehq/plot'

/** Observable Plot, and the document that it draws in: Node has none of its own. */
export type Plotting = { Plot: typeof import('@observablehq/plot'); document: Document }

/** A drawing: the text of an `<svg>` element, and its size in pixels. */
export type Chart = { svg: string; width: number; height: number }

/** How a line and its marks look: told apart by dashes and symbols, too, on paper and by the colour-blind. */
export type Look = { colour: string; dashes: string; symbol: (typeof symbols)[number] }

/** Loads the library, which whoever draws nothing does without. */
export async function loadPlotting(): Promise<Plotting> {
  const [Plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')])
  // A document of XML, so that what it writes can stand in an SVG file as well as in a page.
  const { DOMParser } = parseHTML('<!doctype html><html></html>')
  return { Plot, document: new DOMParser().parseFromString('<svg/>', 'image/svg+xml') }
}

// Okabe & Ito's colours, which colour-blind people can tell apart (jfly.uni-koeln.de/color), with grey for their yellow,
// which is too light for a line on paper. The last one is black, or white on a dark page.
const colours = ['#7f7f7f', '#009e73', '#cc79a7', '#0072b2', '#e69f00', '#56b4e9', '#d55e00', 'currentColor']
// No two alike, so that lines can be told in grey. They have round ends, which reach into the gaps.
const dashes = ['none', '9 6', '1 5', '9 5 1 5', '20 6', '4 5', '9 5 1 5 1 5', '20 6 4 6']
const symbols = ['circle', 'triangle', 'square', 'diamond', 'cross', 'star', 'wye', 'hexagon'] as const

/** As many things look different in one chart. */
export const looks = colours.length

/** The look of the i-th thing in a chart. */
export const lookOf = (i: number): Look => ({
  colour: colours[i % colours.length],
  dashes: dashes[i % dashes.length],
  symbol: symbols[i % symbols.length],
})

/** The looks of the two classes. */
export const classLooks = {
  in: { label: 'in-distribution', colour: '#0072b2', dashes: 'none', symbol: 'circle' },
  ood: { label: 'out-of-distribution', colour: '#d55e00', dashes: '5 4', symbol: 'triangle' },
} as const satisfies Record<string, Look & { label: string }>

/** Text that no parser of markup stumbles over; the library escapes its brackets. */
export const plainText = (text: string): string => text.replace(/\p{Cc}+/gu, ' ')

/** Draws a chart. `description`: what those hear who do not see it. */
export function draw(
  { Plot, document }: Plotting,
  description: string,
  { width, height, ...options }: PlotOptions & { width: number; height: number },
): Chart {
  const element = Plot.plot({
    document,
    width,
    height,
    ...options,
    style: { fontSize: '12px', fontFamily: 'system-ui, sans-serif', background: 'none', overflow: 'visible' },
  })
  element.setAttribute('role', 'img')
  element.setAttribute('aria-label', plainText(description))
  return { svg: element.outerHTML, width, height }
}

export type LegendItem = { label: string; figure?: string; look: Look }

/** What each look means, a line each, with a figure at the right edge where there is one. */
export function legend(
  plotting: Plotting,
  items: readonly LegendItem[],
  width: number,
  shape: 'line' | 'dot',
): Chart {
  const { Plot } = plotting
  const height = 20 * items.length + 8
  const rows = items.map((item, y) => ({ ...item, y, label: plainText(item.label) }))
  const samples = rows.flatMap(({ y, look: { colour, dashes, symbol } }): Markish[] => [
    Plot.link([y], {
      x1: 4,
      x2: 38,
      y1: y,
      y2: y,
      stroke: colour,
      strokeWidth: 2.5,
      strokeDasharray: dashes,
    }),
    ...(shape === 'dot' ? [Plot.dot([y], { x: 21, y, symbol, fill: colour, r: 4 })] : []),
  ])
  return draw(plotting, `Legend: ${items.map(({ label }) => label).join(', ')}`, {
    ...{ width, height, margin: 0, axis: null },
    x: { domain: [0, width], range: [0, width] },
    y: { domain: [-0.5, items.length - 0.5], range: [0, height] },
    marks: [
      ...samples,
      Plot.text(rows, { x: 46, y: 'y', text: 'label', textAnchor: 'start' }),
      Plot.text(rows, { x: width - 4, y: 'y', text: ({ figure }) => figure ?? '', textAnchor: 'end' }),
    ],
  })
}
