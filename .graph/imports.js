import { cruise } from 'dependency-cruiser'
import config from '../.dependency-cruiser.js'

// The import graph as the linter's rules see it, at the level of files or of what stands in a folder.

/** @typedef {Map<string, Set<string>>} Graph what each node imports */

/**
 * What each file of the project imports of the project's files.
 *
 * @param {string} root the folder of the checkout
 * @returns {Promise<Graph>}
 */
export async function readImports(root) {
  const folders = ['cli', 'model', 'data', 'eval', 'engine']
  const { output } = await cruise(folders, { ...config.options, baseDir: root })
  const files = output.modules.filter(({ source }) => folders.some(folder => source.startsWith(`${folder}/`)))
  const graph = new Map(files.map(({ source }) => [source, new Set()]))
  for (const { source, dependencies } of files) {
    for (const { resolved } of dependencies) if (graph.has(resolved)) graph.get(source).add(resolved)
  }
  return graph
}

/**
 * The graph whose nodes are given by a function of a file's path; files for which it says `undefined` are left out.
 *
 * @param {Graph} imports
 * @param {(file: string) => string | undefined} nodeOf
 * @returns {Graph}
 */
export function groupFiles(imports, nodeOf) {
  const graph = new Map()
  for (const file of imports.keys()) if (nodeOf(file) !== undefined) graph.set(nodeOf(file), new Set())
  for (const [file, imported] of imports) {
    for (const node of [...imported].map(nodeOf)) {
      if (node !== nodeOf(file) && graph.has(node)) graph.get(nodeOf(file))?.add(node)
    }
  }
  return graph
}

/**
 * What each node imports, directly or through others.
 *
 * @param {Graph} graph
 * @returns {Graph}
 */
export function reachableFrom(graph) {
  const walk = (node, seen) => {
    for (const next of graph.get(node)) if (!seen.has(next)) walk(next, seen.add(next))
    return seen
  }
  return new Map([...graph.keys()].map(node => [node, walk(node, new Set())]))
}
