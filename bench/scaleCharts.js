// Pictures of what bench/scale.js has measured and predicted, as SVG files.
import { draw, loadPlotting, lookOf } from '../dist/eval/report/plotting.js'

const [width, height] = [330, 230]
const frame = { width, height, marginLeft: 52, marginRight: 16, marginTop: 34, marginBottom: 40 }

/**
 * Dots are measured, lines are the model's: both have `x`, `y` and the `name` of what they belong to. Names stand in a
 * corner that lines leave free: `corner`.
 */
function panel(plotting, { title, x, points = [], lines = [], linear = false, corner = 'top-left' }) {
  const { Plot } = plotting
  const all = [...points, ...lines]
  const names = [...new Set(all.map(({ name }) => name))]
  const ticks = [...new Set(all.map(point => point.x))]
  const marks = names.flatMap((name, i) => {
    const { colour, dashes, symbol } = lookOf(names.length === 1 ? 3 : i + 1)
    const named = items => items.filter(item => item.name === name)
    const row = corner.startsWith('top') ? 14 * i + 4 : -14 * (names.length - 1 - i) - 4
    const label = { frameAnchor: corner, dx: 6, dy: row, fill: colour }
    return [
      Plot.line(named(lines), { x: 'x', y: 'y', stroke: colour, strokeDasharray: dashes, strokeWidth: 1.5 }),
      Plot.dot(named(points), { x: 'x', y: 'y', symbol, fill: colour, r: 3.5 }),
      ...(names.length > 1 ? [Plot.text([name], label)] : []),
    ]
  })
  const heights = all.map(point => point.y)
  const least = Math.min(...heights)
  const most = Math.max(...heights)
  const scale = linear
    ? { domain: [0, most || 1], nice: true, ticks: 5 }
    : {
        type: 'log',
        domain: [least * 0.7, most * 1.5],
        ticks: Math.max(3, Math.min(7, 6 / Math.log10(most / least))),
      }
  return draw(plotting, title, {
    ...frame,
    x: {
      ...{ label: x, type: 'log', labelAnchor: 'center', labelArrow: 'none' },
      ...(ticks.length < 9 ? { ticks, tickFormat: String } : { ticks: 5, tickFormat: '~s' }),
    },
    y: { label: null, grid: true, ...scale, tickFormat: value => String(Number(value.toPrecision(3))) },
    marks: [...marks, Plot.text([title], { frameAnchor: 'top', dy: -24, fontWeight: 'bold' })],
  })
}

/** Charts in rows of three, on white paper. */
function sheet(charts) {
  const columns = 3
  const rows = Math.ceil(charts.length / columns)
  const placed = charts.map(({ svg }, i) =>
    svg.replace('<svg ', `<svg x="${(i % columns) * width}" y="${Math.floor(i / columns) * height}" `),
  )
  const size = `width="${columns * width}" height="${rows * height}"`
  const paper = `<rect ${size} fill="white"/>`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} color="black">${paper}\n${placed.join('\n')}\n</svg>\n`
}

/** The text of a picture with a panel for each description, in their order. */
export async function picture(panels) {
  const plotting = await loadPlotting()
  return sheet(panels.map(description => panel(plotting, description)))
}
