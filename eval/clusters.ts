/**
 * Reads that belong together. Reads of one genus are not independent, so that intervals over reads are too narrow for a
 * statement about new genera; given labels, whole clusters are the unit of variance and of resampling.
 */
export type ClassClusters = {
  /** Of every read, the number of its cluster. */
  ids: Int32Array
  count: number
}

export type Clusters = {
  in: ClassClusters
  ood: ClassClusters
}

/** One cluster per distinct label, or one per read where there are no labels. */
export function clustersOf(labels: readonly string[] | undefined, reads: number): ClassClusters {
  if (labels === undefined) return { ids: new Int32Array(reads).map((_, i) => i), count: reads }
  if (labels.length !== reads) throw new RangeError(`${labels.length} cluster labels for ${reads} reads`)
  const numbers = new Map<string, number>()
  const ids = Int32Array.from(labels, label => {
    const id = numbers.get(label) ?? numbers.size
    numbers.set(label, id)
    return id
  })
  return { ids, count: numbers.size }
}

/** Labels of each class (a genus is in one class only), or nothing: every read for itself. */
export type ClusterLabels = {
  in?: readonly string[]
  ood?: readonly string[]
}
