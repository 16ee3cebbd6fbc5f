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
  /**
   * As how many clusters of one size they are in an estimate of variance (Kish, Survey Sampling, 1965; for standard errors
   * Carter, Schnepel & Steigerwald, Review of Economics and Statistics 99 (2017) 698–709): `count` where all are of one
   * size, and the fewer the more some are larger than others, but not fewer than two if there are two.
   */
  effective: number
}

/**
 * One cluster per distinct label, or one per read where there are no labels.
 * @throws RangeError when there is not a label for each of the `reads`.
 */
export function clustersOf(labels: readonly string[] | undefined, reads: number): ClassClusters {
  if (labels === undefined)
    return { ids: new Int32Array(reads).map((_, i) => i), count: reads, effective: reads }
  if (labels.length !== reads)
    throw new RangeError(`${labels.length} cluster labels for ${reads} reads: give one for each`)
  const numbers = new Map<string, number>()
  const ids = Int32Array.from(labels, label => {
    const id = numbers.get(label) ?? numbers.size
    numbers.set(label, id)
    return id
  })
  const sizes = new Float64Array(numbers.size)
  for (const id of ids) sizes[id]++
  const kish = reads ** 2 / sizes.reduce((sum, size) => sum + size ** 2, 0)
  return { ids, count: numbers.size, effective: numbers.size < 2 ? numbers.size : Math.max(2, kish) }
}
