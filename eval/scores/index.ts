/**
 * Scores of DNA fragments of any length, one number each, higher for in-distribution ones. This is the folder's door.
 *
 * All have the form of `score`. `likelihood` makes one of a generative model, or of two (the ratio); the models may be
 * networks, which live above this folder, or Markov chains (`markovChain`, `markov`). `mlr` takes the greatest likelihood
 * of several and compares it with the fragment's `ownChain`. `kmers` (over `kmerKeys`) and `aminoKmers` (over `translate`
 * and `aminoKeys`) look a fragment's k-mers up in a set (`sets/`). The rest is computed from other scores: `bothStrands`,
 * `gcRegressed` (with `leastSquares`), `compression`, and `weightedSum` (with `logisticRegression`); `waic` from several
 * models' likelihoods.
 *
 * Scores of a classifier, which lives above this folder, see it as a `classifierModel`: `softmaxScores`, `odin` and
 * `mahalanobis`; `classifierScores` loads what a file has of them.
 *
 * Some judge each genus (`genusEvidence`) and score the lead of the likeliest: `genusOdds` by what it remembers of genomes
 * (`memory/`, `storedGenomes`), networks of genera above this folder, and `pooledOdds` by the sum of what others say. `genusLeads` sums
 * the leads of contexts and of alignments, each with a likeliest genus of its own.
 *
 * A `kind` is how a score is fitted, stored and loaded; `kinds` has them all. `spec` reads `kmers:k=15` and its `options`,
 * `fitScores` fits a list of such specs in one pass over genomes, `loadScores` makes scores of what a file holds
 * (`stored`) and has them `remembered` where others need them, too.
 */

export { overStrands } from './bothStrands.js'
export {
  type ClassifierModel,
  featuresOf,
  indexOfMaximum,
  logitsOf,
  logOfMaximum,
  softmax,
} from './classifierModel.js'
export { isClassifierScore, loadClassifierScore } from './classifierScores.js'
export { type Compressor, compressedLength } from './compression.js'
export { fitScores, type LabelledFragments } from './fitScores.js'
export { type EvidentScore, leadContrasts, leadOfGenera } from './genusEvidence.js'
export type { DerivedKind, Fitting, LabelledScores, ScoreKind, ScoresByName, SequenceKind } from './kind.js'
export { findKind, loadScores, scoreKinds } from './kinds.js'
export { likelihood, likelihoodRatio, meanLogLikelihood } from './likelihood.js'
export { fitLogistic, type LinearFunction } from './logisticRegression.js'
export {
  defaultRidge,
  fitGaussians,
  type Gaussians,
  mahalanobis,
  relativeMahalanobis,
} from './mahalanobis.js'
export { MarkovChain, MarkovCounts, maxMarkovOrder } from './markovChain.js'
export { maximumLikelihood, type OwnOrder } from './mlr.js'
export { type OdinOptions, odin } from './odin.js'
export { type ScoreOption, valuesOf } from './options.js'
export { rememberedByBatch } from './remembered.js'
export type {
  BasesProgress,
  Contrast,
  FragmentLikelihood,
  FragmentWindow,
  GenusEvidence,
  GenusPair,
  LeadTrack,
  LikelihoodModel,
  PreparationProgress,
  Score,
  StorableScore,
  StoredArray,
  StoredScore,
  SummedEvidence,
} from './score.js'
export { logOdds, maximumProbability, negativeEntropy, type SoftmaxOptions } from './softmaxScores.js'
export { checkSpecs, parseSpec, type ScoreSpec } from './spec.js'
export { waic } from './waic.js'
export { crossValidatedSum, type FunctionAtLength, weightedScores } from './weightedSum.js'
