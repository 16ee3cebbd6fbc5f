import { type ClassifierModel, featuresOf } from './classifierModel.js'
import type { StorableScore } from './score.js'

/**
 * Gaussians of a classifier's features: one for each class, all of one covariance, and one of all classes together.
 * Covariances as factors L of Cholesky, `L Lᵀ`, row-major [hidden, hidden].
 */
export type Gaussians = {
  /** [classes, hidden] */
  readonly means: Float64Array
  readonly factor: Float64Array
  /** [hidden] */
  readonly overallMean: Float64Array
  readonly overallFactor: Float64Array
}

/**
 * A share of the mean variance is added to every variance: features that never vary (units that are always 0) would have
 * no inverse.
 */
export const defaultRidge = 1e-3

/** Fragments that go through the classifier at once while Gaussians are fitted. */
const chunk = 1000

/**
 * Fit Gaussians to the features of fragments with known classes (`classesOf[i]` of fragment i), by maximum likelihood
 * (Lee et al. 2018, eq. 1); fragments without features are left out.
 * @throws RangeError when a class has none.
 */
export async function fitGaussians(
  model: ClassifierModel,
  fragments: readonly Uint8Array[],
  classesOf: ArrayLike<number>,
  ridge = defaultRidge,
): Promise<Gaussians> {
  const { hidden, classes } = model
  const counts = new Float64Array(classes)
  const sums = new Float64Array(classes * hidden)
  const products = new Float64Array(hidden * hidden)
  for (let first = 0; first < fragments.length; first += chunk) {
    const part = fragments.slice(first, first + chunk)
    const features = await model.features(part)
    for (let i = 0; i < part.length; i++) {
      const z = featuresOf(features, hidden, i)
      if (Number.isNaN(z[0])) continue
      const c = classesOf[first + i]
      counts[c]++
      for (let h = 0; h < hidden; h++) sums[c * hidden + h] += z[h]
      addProducts(products, z)
    }
  }
  const empty = counts.indexOf(0)
  if (empty >= 0)
    throw new RangeError(`fitGaussians: no fragments of class ${empty}; give some of every class`)
  const total = counts.reduce((a, b) => a + b, 0)
  const means = sums.map((sum, i) => sum / counts[Math.floor(i / hidden)])
  const overallMean = new Float64Array(hidden)
  for (let i = 0; i < sums.length; i++) overallMean[i % hidden] += sums[i] / total
  const classWeights = counts.map(count => count / total)
  return {
    means,
    factor: choleskyOf(covariance(products, total, means, classWeights), hidden, ridge),
    overallMean,
    overallFactor: choleskyOf(covariance(products, total, overallMean, Float64Array.of(1)), hidden, ridge),
  }
}

/** Add z zᵀ to the lower triangle of a matrix. */
function addProducts(products: Float64Array, z: Float64Array): void {
  for (let i = 0; i < z.length; i++) {
    if (z[i] === 0) continue // as most units of a ReLU are
    for (let j = 0; j <= i; j++) products[i * z.length + j] += z[i] * z[j]
  }
}

/** The lower triangle of `E[z zᵀ] - Σ_c weight_c mean_c mean_cᵀ`. */
function covariance(
  products: Float64Array,
  total: number,
  means: Float64Array,
  weights: Float64Array,
): Float64Array {
  const hidden = means.length / weights.length
  return products.map((product, index) => {
    const [i, j] = [Math.floor(index / hidden), index % hidden]
    if (j > i) return 0
    const between = weights.reduce((sum, w, c) => sum + w * means[c * hidden + i] * means[c * hidden + j], 0)
    return product / total - between
  })
}

/** The factor of a covariance (its lower triangle), with the ridge. */
function choleskyOf(lower: Float64Array, n: number, ridge: number): Float64Array {
  let trace = 0
  for (let i = 0; i < n; i++) trace += lower[i * n + i]
  const added = (ridge * trace) / n || 1 // features that are all the same
  const factor = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = lower[i * n + j] + (i === j ? added : 0)
      for (let k = 0; k < j; k++) sum -= factor[i * n + k] * factor[j * n + k]
      factor[i * n + j] = i === j ? Math.sqrt(sum) : sum / factor[j * n + j]
    }
  return factor
}

/** L⁻¹ x, for a lower triangular L. */
function solve(factor: Float64Array, x: Float64Array): Float64Array {
  const n = x.length
  const y = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    let sum = x[i]
    for (let k = 0; k < i; k++) sum -= factor[i * n + k] * y[k]
    y[i] = sum / factor[i * n + i]
  }
  return y
}

const squaredDistance = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0)

/**
 * Minus the squared Mahalanobis distance of the features to the nearest class (Lee et al. 2018, eq. 2), without their
 * perturbation of inputs, which are discrete here.
 */
export const mahalanobis = (
  model: ClassifierModel,
  gaussians: Gaussians,
  name = 'mahalanobis',
): StorableScore => distanceScore('mahalanobis', model, gaussians, name, nearest => -nearest)

/**
 * The relative distance (Ren et al. 2021, eq. 3): what `mahalanobis` has, plus the squared distance to all classes
 * together, which takes away what is unusual in any class's eyes.
 */
export const relativeMahalanobis = (
  model: ClassifierModel,
  gaussians: Gaussians,
  name = 'relMahalanobis',
): StorableScore =>
  distanceScore('relativeMahalanobis', model, gaussians, name, (nearest, overall) => overall() - nearest)

function distanceScore(
  kind: string,
  model: ClassifierModel,
  gaussians: Gaussians,
  name: string,
  scoreOf: (nearest: number, overall: () => number) => number,
): StorableScore {
  const { hidden, classes } = model
  const { means, factor, overallMean, overallFactor } = gaussians
  if (
    means.length !== classes * hidden ||
    overallMean.length !== hidden ||
    [factor, overallFactor].some(f => f.length !== hidden * hidden)
  )
    throw new RangeError(
      `${kind}: Gaussians of ${overallMean.length} features and ${means.length} means' values; the classifier has ${hidden} features and ${classes} classes`,
    )
  // Distances are those of vectors that are multiplied by L⁻¹.
  const centres = Array.from({ length: classes }, (_, c) => solve(factor, featuresOf(means, hidden, c)))
  const overallCentre = solve(overallFactor, overallMean)
  return {
    name,
    async score(fragments) {
      const features = await model.features(fragments)
      return Float64Array.from(fragments, (_, i) => {
        const z = featuresOf(features, hidden, i)
        const white = solve(factor, z)
        const nearest = Math.min(...centres.map(centre => squaredDistance(white, centre)))
        return scoreOf(nearest, () => squaredDistance(solve(overallFactor, z), overallCentre))
      })
    },
    store: () => ({ kind, name, settings: {}, arrays: { ...gaussians } }),
  }
}
