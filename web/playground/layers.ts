/** Where a node of a layered drawing stands: its layer from the top, and its column in it (fractions centre it). */
export type Place = { readonly layer: number; readonly column: number }

/** How often layers are sorted anew. */
const sweeps = 6

/**
 * Places for nodes of a graph, in the manner of Sugiyama, Tagawa & Toda 1981: a node stands below all that it comes
 * after, and within a layer near the mean of its neighbours. `after[i]`: nodes, all before i, that node i comes after.
 * A layer has at most `most` nodes.
 */
export function layers(after: readonly (readonly number[])[], most: number): Place[] {
  const rows = assign(after, most).filter(row => row.length > 0)
  const neighbours: number[][] = after.map(before => [...before])
  after.forEach((before, i) => {
    for (const node of before) neighbours[node].push(i)
  })
  const places: Place[] = []
  const place = (layer: number): void =>
    rows[layer].forEach((node, i) => {
      places[node] = { layer, column: i - (rows[layer].length - 1) / 2 }
    })
  rows.forEach((_, layer) => {
    place(layer)
  })
  for (let sweep = 0; sweep < sweeps; sweep++)
    for (const i of rows.keys()) {
      const layer = sweep % 2 ? rows.length - 1 - i : i
      const mean = new Map(
        rows[layer].map(node => {
          const columns = neighbours[node].map(other => places[other].column)
          return [node, columns.reduce((a, b) => a + b, 0) / Math.max(1, columns.length)]
        }),
      )
      rows[layer].sort((a, b) => (mean.get(a) ?? 0) - (mean.get(b) ?? 0))
      place(layer)
    }
  return places
}

/** The nodes of each layer: as high as they can be, but for those that come after nothing: they stand above their first user. */
function assign(after: readonly (readonly number[])[], most: number): number[][] {
  const rows: number[][] = []
  const layerOf: number[] = []
  const put = (node: number, layer: number): void => {
    rows[layer] ??= []
    rows[layer].push(node)
    layerOf[node] = layer
  }
  const isFull = (layer: number): boolean => (rows[layer]?.length ?? 0) >= most
  after.forEach((before, i) => {
    let layer = Math.max(0, ...before.map(node => layerOf[node] + 1))
    while (isFull(layer)) layer++
    put(i, layer)
  })
  after.forEach((before, i) => {
    const users = after.flatMap((others, user) => (others.includes(i) ? [layerOf[user]] : []))
    if (before.length > 0 || users.length === 0) return
    let layer = Math.min(...users) - 1
    while (layer > layerOf[i] && isFull(layer)) layer--
    if (layer <= layerOf[i]) return
    rows[layerOf[i]] = rows[layerOf[i]].filter(node => node !== i)
    put(i, layer)
  })
  return Array.from(rows, row => row ?? [])
}
