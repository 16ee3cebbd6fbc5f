/** The little SVG that the plots need: a document with a card behind it, frames with axes, paths. */
import { ticks } from 'd3-array'

/** A rectangle of the drawing, in pixels, and the data range that it shows. */
export type Frame = {
  left: number
  top: number
  width: number
  height: number
  x: readonly [min: number, max: number]
  y: readonly [min: number, max: number]
}

export type Axis = {
  title: string
  /** About this many tick marks; none for no axis. */
  ticks: number
}

/** Pixels of a value on the x axis of a frame. */
export const xPixel = ({ left, width, x: [min, max] }: Frame, value: number): number =>
  left + (width * (value - min)) / (max - min)

/** Pixels of a value on the y axis of a frame. */
export const yPixel = ({ top, height, y: [min, max] }: Frame, value: number): number =>
  top + height - (height * (value - min)) / (max - min)

/** Text made safe for an element or attribute. XML has no way to write control characters, so they are replaced. */
const escapeXml = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\ufffd')
    .replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)

/** One line of text; `style` is a class of the style sheet, `extra` further attributes. */
export const text = (x: number, y: number, content: string, style = '', extra = ''): string =>
  `<text x="${round(x)}" y="${round(y)}"${style && ` class="${style}"`}${extra && ` ${extra}`}>${escapeXml(content)}</text>`

/**
 * The `d` of a line through points in pixels. Points closer than half a pixel to the last one drawn are left out, so
 * that a curve through a million reads stays small.
 */
export function linePath(points: Iterable<readonly [x: number, y: number]>): string {
  const parts: string[] = []
  let drawn: readonly [number, number] | undefined
  let last: readonly [number, number] | undefined
  const draw = (point: readonly [number, number]): void => {
    parts.push(`${parts.length ? 'L' : 'M'}${round(point[0])} ${round(point[1])}`)
    drawn = point
  }
  for (const point of points) {
    last = point
    if (!drawn || Math.abs(point[0] - drawn[0]) >= 0.5 || Math.abs(point[1] - drawn[1]) >= 0.5) draw(point)
  }
  if (last && last !== drawn) draw(last)
  return parts.join('')
}

/** Grid lines, tick labels and titles of a frame. */
export function axes(frame: Frame, x: Axis, y: Axis): string {
  const { left, top, width, height } = frame
  const right = left + width
  const bottom = top + height
  const parts: string[] = []
  for (const [value, label] of tickLabels(frame.x, x.ticks)) {
    const px = xPixel(frame, value)
    parts.push(`<path class="grid" d="M${round(px)} ${top}V${bottom}"/>`)
    parts.push(text(px, bottom + 17, label, 'muted', 'text-anchor="middle"'))
  }
  for (const [value, label] of tickLabels(frame.y, y.ticks)) {
    const py = yPixel(frame, value)
    parts.push(`<path class="grid" d="M${left} ${round(py)}H${right}"/>`)
    parts.push(text(left - 8, py + 4, label, 'muted', 'text-anchor="end"'))
  }
  parts.push(`<path class="axis" d="M${left} ${bottom}H${right}"/>`)
  parts.push(text(left + width / 2, bottom + 37, x.title, '', 'text-anchor="middle"'))
  const middle = top + height / 2
  if (y.title) {
    const rotation = `text-anchor="middle" transform="rotate(-90 ${left - 42} ${middle})"`
    parts.push(text(left - 42, middle, y.title, '', rotation))
  }
  return parts.join('\n')
}

/**
 * A whole document: title and description for screen readers, the title also above the drawing, and an opaque card
 * that is light or dark as the reader's system is, so that it can be read on any page.
 */
export const svgDocument = (
  {
    width,
    height,
    title,
    description,
  }: { width: number; height: number; title: string; description: string },
  body: readonly string[],
): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="plot-title plot-description">`,
    `<title id="plot-title">${escapeXml(title)}</title>`,
    `<desc id="plot-description">${escapeXml(description)}</desc>`,
    `<style>${styleSheet}</style>`,
    `<rect class="card" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>`,
    text(24, 34, title, 'title'),
    ...body,
    '</svg>\n',
  ].join('\n')

// Okabe & Ito's colours, which colour-blind people can tell apart, and lighter ones for the dark card.
const colours = ({ card, edge, ink, muted, grid, inside, outside, scores }: Colours): string =>
  [
    `.card{fill:${card};stroke:${edge}}`,
    `text{fill:${ink}}`,
    `.muted{fill:${muted}}`,
    `.grid{stroke:${grid}}`,
    `.chance{stroke:${edge}}`,
    `.axis{stroke:${muted}}`,
    `.in{fill:${inside};stroke:${inside}}`,
    `.ood{fill:${outside};stroke:${outside}}`,
    ...scores.map((colour, i) => `.score${i}{stroke:${colour}}`),
  ].join('')

type Colours = {
  card: string
  edge: string
  ink: string
  muted: string
  grid: string
  inside: string
  outside: string
  scores: readonly string[]
}

const light: Colours = {
  card: '#ffffff',
  edge: '#d0d7de',
  ink: '#1f2328',
  muted: '#59636e',
  grid: '#e6eaef',
  inside: '#0072b2',
  outside: '#d55e00',
  scores: ['#8c959f', '#009e73', '#cc79a7', '#56b4e9'],
}

const dark: Colours = {
  card: '#0d1117',
  edge: '#3d444d',
  ink: '#f0f6fc',
  muted: '#9198a1',
  grid: '#262c36',
  inside: '#56b4e9',
  outside: '#e69f00',
  scores: ['#9198a1', '#2fcf9f', '#e39ac5', '#56b4e9'],
}

/** Number of scores with a colour of their own. */
export const scoreColours = light.scores.length

const styleSheet = [
  "text{font:12px ui-sans-serif,system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;stroke:none}",
  '.title{font-size:16px;font-weight:600}',
  '.strong{font-weight:600}',
  'path{fill:none}',
  '.grid,.axis{stroke-width:1}',
  '.chance{stroke-width:1.5;stroke-dasharray:4 4}',
  '.curve{stroke-width:2.5;stroke-linejoin:round;stroke-linecap:round}',
  '.area{fill-opacity:.3;stroke-width:1.5;stroke-linejoin:round}',
  colours(light),
  `@media(prefers-color-scheme:dark){${colours(dark)}}`,
].join('')

function tickLabels([min, max]: readonly [number, number], count: number): [value: number, label: string][] {
  if (count === 0) return []
  const values = ticks(min, max, count)
  const step = values.length > 1 ? values[1] - values[0] : 1
  const decimals = Math.min(20, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)))
  return values.map(value => [value, value.toFixed(decimals).replace('-', '\u2212')])
}

const round = (pixels: number): string => String(Math.round(pixels * 10) / 10)
