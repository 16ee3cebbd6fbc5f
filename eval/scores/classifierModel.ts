/**
 * A classifier of fragments as its scores see it: the last hidden layer (the features), and the linear layer over it.
 * (Networks live above this folder.) A fragment's features are the means over its windows, of the length that the
 * classifier is trained on; its logits, being linear in them, are then the means of its windows' logits.
 */
export type ClassifierModel = {
  /** Units of the last hidden layer. */
  readonly hidden: number
  readonly classes: number
  /** Of the linear layer: kernel [hidden, classes], row-major, and bias [classes]. */
  readonly kernel: Float32Array
  readonly bias: Float32Array
  /** The features of fragments [fragments, hidden], one row after the other; NaN for a fragment without a window. */
  features(fragments: readonly Uint8Array[]): Promise<Float64Array>
  dispose?(): void
}

/** Row `i` of features, as a view. */
export const featuresOf = (features: Float64Array, hidden: number, i: number): Float64Array =>
  features.subarray(i * hidden, (i + 1) * hidden)

/** The logits of one fragment's features: [classes]. */
export function logitsOf(
  { kernel, bias, classes }: Pick<ClassifierModel, 'kernel' | 'bias' | 'classes'>,
  features: Float64Array,
): Float64Array {
  const logits = Float64Array.from(bias)
  for (let h = 0; h < features.length; h++)
    for (let c = 0; c < classes; c++) logits[c] += features[h] * kernel[h * classes + c]
  return logits
}

/** The index of the largest element (the first of several). */
export const indexOfMaximum = (values: Float64Array): number =>
  values.reduce((best, value, i) => (value > values[best] ? i : best), 0)

/** softmax(logits / temperature). */
export function softmax(logits: Float64Array, temperature = 1): Float64Array {
  const largest = logits[indexOfMaximum(logits)]
  const exponentials = logits.map(x => Math.exp((x - largest) / temperature))
  const sum = exponentials.reduce((a, b) => a + b, 0)
  return exponentials.map(x => x / sum)
}

/** The logarithm of the largest of some probabilities, exact also where that is 1 up to rounding. */
export function logOfMaximum(probabilities: Float64Array): number {
  const best = indexOfMaximum(probabilities)
  return Math.log1p(-probabilities.reduce((sum, p, c) => (c === best ? sum : sum + p), 0))
}
