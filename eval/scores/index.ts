export type {
  FragmentLikelihood,
  LikelihoodModel,
  Score,
  StorableScore,
  StoredArray,
  StoredScore,
} from './score.js'
