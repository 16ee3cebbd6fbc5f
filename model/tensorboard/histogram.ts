/** How many of some numbers lie where; `bucket[i]` of them are in (bucketLimit[i - 1], bucketLimit[i]]. */
export type Histogram = {
  readonly min: number
  readonly max: number
  readonly num: number
  readonly sum: number
  readonly sumSquares: number
  readonly bucketLimit: readonly number[]
  readonly bucket: readonly number[]
}

/** As many as TensorBoard's own summaries of tensors have (tensorboard/plugins/histogram/summary_v2.py). */
const buckets = 30

/** The histogram of those numbers that are finite, in buckets of one width; undefined if there are none. */
export function histogramOf(numbers: ArrayLike<number>): Histogram | undefined {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  let [num, sum, sumSquares] = [0, 0, 0]
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i]
    if (!Number.isFinite(x)) continue
    if (x < min) min = x
    if (x > max) max = x
    num++
    sum += x
    sumSquares += x * x
  }
  if (num === 0) return undefined
  const summary = { min, max, num, sum, sumSquares }
  const width = (max - min) / buckets
  // Numbers that are all the same, or nearly.
  if (!(width > 0)) return { ...summary, bucketLimit: [max], bucket: [num] }
  const bucket = new Array<number>(buckets).fill(0)
  for (let i = 0; i < numbers.length; i++)
    if (Number.isFinite(numbers[i]))
      bucket[Math.max(0, Math.min(buckets, Math.ceil((numbers[i] - min) / width)) - 1)]++
  const bucketLimit = bucket.map((_, i) => (i === buckets - 1 ? max : min + (i + 1) * width))
  return { ...summary, bucketLimit, bucket }
}
