import { writeFileSync } from 'node:fs'
import { instance } from '@viz-js/viz'
import { order } from '../.dependency-cruiser.js'
import { groupFiles, reachableFrom, readImports } from './imports.js'

// Draws into layout.svg who imports whom, at the level of folders, in the order of the linter's rules. Arrows that others
// imply (a imports b, b imports c, and a imports c as well) are pale; one that points up breaks a rule, and is red.

const colours = { cli: '#fbe3d6', model: '#fdf3cf', data: '#dcefdc', eval: '#e6e0f3', engine: '#e0ecf8' }
const looseFiles = 'engine/*'
const lineLength = 54

/** The rows of the drawing, from top to bottom: the top folders, and in the place of engine/ what stands in it. */
const rows = order['.'].flatMap(row =>
  row.includes('engine') ? order.engine.map(inner => inner.map(name => `engine/${name}`)) : [row],
)
const rowOf = node => rows.findIndex(row => row.includes(node))

/** A folder at the top, or a folder in engine/, or engine's loose files together. */
function nodeOf(file) {
  const [top, child] = file.split('/')
  if (top !== 'engine') return top
  return child.endsWith('.ts') ? looseFiles : `engine/${child}`
}

/** What stands in a node's folder, in alphabetical order: files without their extension, folders with a slash. */
function contents(node, files) {
  const folder = node === looseFiles ? 'engine/' : `${node}/`
  const paths = files
    .filter(file => file.startsWith(folder))
    .map(file => file.slice(folder.length).split('/'))
  const names = paths.map(([name, ...rest]) => (rest.length ? `${name}/` : name.replace('.ts', '')))
  return [...new Set(names)].filter(name => node !== looseFiles || !name.endsWith('/')).sort()
}

/** The folder's name, and below it in small print what stands in it. */
function label(node, files) {
  const lines = []
  for (const name of contents(node, files)) {
    const longer = lines.length ? `${lines.at(-1)}  ${name}` : name
    if (!lines.length || longer.length > lineLength) lines.push(name)
    else lines[lines.length - 1] = longer
  }
  const title = node === looseFiles ? 'engine/ &#8212; what users call' : `${node}/`
  return { html: `<b>${title}</b><br/><font point-size="10" color="#555555">${lines.join('<br/>')}</font>` }
}

const imports = await readImports('.')
const graph = groupFiles(imports, nodeOf)
const reach = reachableFrom(graph)

function arrow(tail, head) {
  if (rowOf(head) <= rowOf(tail)) return { color: '#cc0000', constraint: false }
  const implied = [...graph.get(tail)].some(other => other !== head && reach.get(other).has(head))
  return implied ? { color: '#c8c8c8', arrowsize: 0.6 } : { color: '#555555', penwidth: 1.4 }
}

const nodes = [...graph.keys()].map(name => ({
  name,
  attributes: { label: label(name, [...imports.keys()]), fillcolor: colours[name.split('/')[0]] },
}))
const arrows = [...graph].flatMap(([tail, heads]) =>
  [...heads].map(head => ({ tail, head, attributes: arrow(tail, head) })),
)
// Invisible arrows keep the rows in their order where no import does.
const betweenRows = rows
  .slice(1)
  .flatMap((row, above) =>
    row.flatMap(head =>
      rows[above].map(tail => ({ tail, head, attributes: { style: 'invis', weight: 10 } })),
    ),
  )

const viz = await instance()
const svg = viz.renderString(
  {
    graphAttributes: { ranksep: 0.35, nodesep: 0.3, bgcolor: 'white' },
    // Graphviz knows how wide Courier's letters are, and all fonts that stand in for it have the same.
    nodeAttributes: {
      fontname: 'Courier',
      shape: 'box',
      style: 'filled,rounded',
      color: '#888888',
      margin: '0.3,0.06',
    },
    nodes,
    edges: [...arrows, ...betweenRows],
    subgraphs: [
      {
        name: 'cluster_engine',
        graphAttributes: { style: 'rounded', color: '#9db8d6' },
        nodes: nodes.filter(({ name }) => name.startsWith('engine/')).map(({ name }) => ({ name })),
      },
    ],
  },
  { format: 'svg' },
)
writeFileSync(new URL('layout.svg', import.meta.url), svg)
