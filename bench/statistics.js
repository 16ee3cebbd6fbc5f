/** The median of a list of numbers (the mean of the middle two where there are two). */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** What is reported of repeated measurements. */
export const summary = values => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
})
