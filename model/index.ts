/** The door of the model folder: cells, the generative model, scoring, training, saved models. */
export { findCell, shippedCells } from './cells.js'
export { CheckpointError, writeTensorFlowCheckpoint } from './checkpoint/index.js'
export { checkSettings } from './checkSettings.js'
export { Detector, type DetectorOptions, type ReadScores } from './detector.js'
export { batchLoss, initialModel, type ModelOptions, type ModelParameters, predict } from './generative.js'
export { type RegulariserType, regulariser } from './regulariser.js'
export { type MetricsLine, RunDirectory } from './runDirectory.js'
export { loadModel, type SavedModel, saveState, toReference } from './saved.js'
export { countPredictions, type LogLikelihood, Scorer } from './scorer.js'
export {
  defaults,
  meanings,
  runName,
  type Setting,
  type SettingName,
  type Settings,
  settingsTable,
} from './settings.js'
export { InvalidSettingsError, SettingsError } from './settingsError.js'
export {
  DivergedError,
  type Judge,
  type TrainingData,
  type TrainOptions,
  type TrainResult,
  train,
  type ValidationData,
} from './train.js'
export { type TrainHooks, trainFromSettings } from './trainFromSettings.js'
export {
  initialState,
  makeTrainStep,
  type StepMetrics,
  type StepOptions,
  type TrainState,
} from './trainStep.js'
