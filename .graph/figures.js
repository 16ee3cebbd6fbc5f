import { groupFiles, reachableFrom, readImports } from './imports.js'

// The size of the import graph, a line for each folder:
//
//   node .graph/figures.js [CHECKOUT]
//
// nodes: what stands in the folder: files and folders, each folder as one node ("whole tree": the top folders, and what
// stands in engine/). layers: nodes on the longest path of arrows, where nodes in a cycle are one. arrows: pairs of nodes
// of which one imports the other. cycles: groups of nodes, and of files anywhere below, that import each other.

/** Groups of nodes that import each other, a group being the nodes of one cycle or of several that meet. */
function cycles(reach) {
  const inCycle = [...reach.keys()].filter(node => reach.get(node).has(node))
  const groupOf = node => inCycle.filter(other => reach.get(node).has(other) && reach.get(other).has(node))
  return [...new Set(inCycle.map(node => groupOf(node).join(' ')))]
}

/** Nodes on the longest path of arrows, where a cycle's nodes are one. */
function layers(reach) {
  const depths = new Map()
  const depth = node => {
    if (!depths.has(node)) {
      const below = [...reach.get(node)].filter(other => !reach.get(other).has(node))
      depths.set(node, 1 + Math.max(0, ...below.map(depth)))
    }
    return depths.get(node)
  }
  return Math.max(0, ...[...reach.keys()].map(depth))
}

/** The node of a file in the graph of what stands in `folder`. */
const childOf = folder => file =>
  file.startsWith(`${folder}/`) ? file.slice(folder.length + 1).split('/')[0] : undefined

const wholeTree = file =>
  file.startsWith('engine/') ? `engine/${childOf('engine')(file)}` : file.split('/')[0]

const imports = await readImports(process.argv[2] ?? '.')
const folders = [...new Set([...imports.keys()].map(file => file.slice(0, file.lastIndexOf('/'))))].sort()
const rows = [['whole tree', wholeTree, () => true]]
for (const folder of folders)
  rows.push([`${folder}/`, childOf(folder), file => file.startsWith(`${folder}/`)])

console.log(
  '| folder | nodes | layers | arrows | cycles of nodes | of files |\n| --- | --- | --- | --- | --- | --- |',
)
for (const [name, nodeOf, inside] of rows) {
  const graph = groupFiles(imports, nodeOf)
  if (graph.size <= 5) continue
  const reach = reachableFrom(graph)
  const arrows = [...graph.values()].reduce((sum, imported) => sum + imported.size, 0)
  const files = reachableFrom(groupFiles(imports, file => (inside(file) ? file : undefined)))
  const cells = [name, graph.size, layers(reach), arrows, cycles(reach).length, cycles(files).length]
  console.log(`| ${cells.join(' | ')} |`)
}
