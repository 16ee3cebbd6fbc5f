/**
 * Reads that belong together. Reads of one genus are not independent, so that intervals over reads are too narrow for a
 * statement about new genera; given labels, whole clusters are the unit of variance and of resampling.
 */

/** The cluster of every read, by class (a genus is in one class only); without labels every read is one of its own. */
export type ClusterLabels = {
  in?: readonly string[]
  ood?: readonly string[]
}

/** The clusters of one class. */
export type ClassClusters = {
  /** Of every read, the number of its cluster. */
  ids: Int32Array
  count: number
}

/**
 * One cluster per distinct label, or one per read where there are no labels.
 * @throws RangeError when there is not a label for each of the `reads`.
 */
export function clustersOf(labels: readonly string[] | undefined, reads: number): ClassClusters {
  if (labels === undefined) return { ids: new Int32Array(reads).map((_, i) => i), count: reads }
  if (labels.length !== reads)
    throw new RangeError(`${labels.length} cluster labels for ${reads} reads: give one for each`)
  const numbers = new Map<string, number>()
  const ids = Int32Array.from(labels, label => {
    const id = numbers.get(label) ?? numbers.size
    numbers.set(label, id)
    return id
  })
  return { ids, count: numbers.size }
}
