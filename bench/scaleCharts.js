// Pictures of what bench/scale.js has measured and predicted, as SVG files.
import { draw, legend, loadPlotting, lookOf } from '../dist/eval/report/plotting.js'

const [width, height] = [330, 230]
const frame = { width, height, marginLeft: 52, marginRight: 22, marginTop: 34, marginBottom: 40 }

/**
 * Dots are measured, lines are the model's: both have `x`, `y` and the `name` of what they belong to. Names stand in
 * `corner`, which lines leave free, or in a legend of all panels.
 */
function panel(plotting, { title, x, points = [], lines = [], linear = false, corner }) {
  const { Plot } = plotting
  const all = [...points, ...lines]
  const names = [...new Set(all.map(({ name }) => name))]
  // A logarithmic axis would leave out the labels of most of these.
  const ticks = [...new Set(all.map(point => Math.log2(point.x)))]
  const log2 = point => Math.log2(point.x)
  const marks = names.flatMap((name, i) => {
    const { colour, dashes, symbol } = lookOf(names.length === 1 ? 3 : i + 1)
    const named = items => items.filter(item => item.name === name)
    const row = corner?.startsWith('top') ? 14 * i + 4 : -14 * (names.length - 1 - i) - 4
    const label = { frameAnchor: corner, dx: 6, dy: row, fill: colour }
    return [
      Plot.line(named(lines), { x: log2, y: 'y', stroke: colour, strokeDasharray: dashes, strokeWidth: 1.5 }),
      Plot.dot(named(points), { x: log2, y: 'y', symbol, fill: colour, r: 3.5 }),
      ...(corner ? [Plot.text([name], label)] : []),
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
      ...{ label: x, labelAnchor: 'center', labelArrow: 'none' },
      ...{ ticks, tickFormat: power => shortNumber(Math.round(2 ** power)) },
    },
    y: { label: null, grid: true, ...scale, tickFormat: value => String(Number(value.toPrecision(3))) },
    marks: [...marks, Plot.text([title], { frameAnchor: 'top', dy: -24, fontWeight: 'bold' })],
  })
}

/** A size as a label of a few characters. */
const shortNumber = x => {
  if (x < 1e4) return String(x)
  return x < 1e6 ? `${Math.round(x / 1e3)} k` : `${Math.round(x / 1e6)} M`
}

/** Charts in rows, on white paper. */
function sheet(charts, columns) {
  const rows = Math.ceil(charts.length / columns)
  const placed = charts.map(({ svg }, i) =>
    svg.replace('<svg ', `<svg x="${(i % columns) * width}" y="${Math.floor(i / columns) * height}" `),
  )
  const size = `width="${columns * width}" height="${rows * height}"`
  const paper = `<rect ${size} fill="white"/>`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} color="black">${paper}\n${placed.join('\n')}\n</svg>\n`
}

/** The text of a picture with a panel for each description, in rows; `names`: of what all panels have, for a legend. */
export async function picture(panels, columns, names = []) {
  const plotting = await loadPlotting()
  const items = names.map((label, i) => ({ label, look: lookOf(i + 1) }))
  const charts = panels.map(description => panel(plotting, description))
  return sheet([...charts, ...(items.length > 0 ? [legend(plotting, items, width, 'line')] : [])], columns)
}
