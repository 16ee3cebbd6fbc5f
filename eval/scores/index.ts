export {
  type ClassifierModel,
  featuresOf,
  indexOfMaximum,
  logitsOf,
  logOfMaximum,
  softmax,
} from './classifierModel.js'
export { isClassifierScore, loadClassifierScore } from './classifierScores.js'
export {
  defaultRidge,
  fitGaussians,
  type Gaussians,
  mahalanobis,
  relativeMahalanobis,
} from './mahalanobis.js'
export { type OdinOptions, odin } from './odin.js'
export type {
  FragmentLikelihood,
  LikelihoodModel,
  Score,
  StorableScore,
  StoredArray,
  StoredScore,
} from './score.js'
export { logOdds, maximumProbability, negativeEntropy, type SoftmaxOptions } from './softmaxScores.js'
export { waic } from './waic.js'
