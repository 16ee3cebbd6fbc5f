/** Where a node of a layered drawing stands: its layer from the top, and its column in it (fractions centre it). */
export type Place = { readonly layer: number; readonly column: number }

/** How often layers are sorted anew. */
const sweeps = 6

/**
 * Places for nodes of a graph, in the manner of Sugiyama, Tagawa & Toda 1981: a node stands below all that it comes
 * after, and within a layer near the mean of its neighbours. `after[i]`: nodes, all before i, that node i comes after.
 */
export function layers(after: readonly (readonly number[])[]): Place[] {
  const layerOf: number[] = []
  after.forEach((before, i) => {
    layerOf[i] = before.length ? 1 + Math.max(...before.map(node => layerOf[node])) : 0
  })
  pullDown(layerOf, after)
  const neighbours: number[][] = after.map(before => [...before])
  after.forEach((before, i) => {
    for (const node of before) neighbours[node].push(i)
  })
  const rows: number[][] = Array.from({ length: Math.max(0, ...layerOf) + 1 }, () => [])
  layerOf.forEach((layer, i) => {
    rows[layer].push(i)
  })
  const column = new Map<number, number>()
  const place = (row: readonly number[]): void =>
    row.forEach((node, i) => {
      column.set(node, i - (row.length - 1) / 2)
    })
  rows.forEach(place)
  for (let sweep = 0; sweep < sweeps; sweep++)
    for (const row of sweep % 2 ? [...rows].reverse() : rows) {
      const mean = new Map(
        row.map(node => {
          const columns = neighbours[node].map(other => column.get(other) ?? 0)
          return [node, columns.length ? columns.reduce((a, b) => a + b, 0) / columns.length : 0]
        }),
      )
      row.sort((a, b) => (mean.get(a) ?? 0) - (mean.get(b) ?? 0))
      place(row)
    }
  return layerOf.map((layer, i) => ({ layer, column: column.get(i) ?? 0 }))
}

/** Nodes that come after nothing stand right above the first that needs them. */
function pullDown(layerOf: number[], after: readonly (readonly number[])[]): void {
  after.forEach((before, i) => {
    if (before.length) return
    const users = after.flatMap((others, user) => (others.includes(i) ? [layerOf[user]] : []))
    if (users.length) layerOf[i] = Math.min(...users) - 1
  })
}
