/** The door of the model folder. */
export { findCell, shippedCells } from './cells.js'
export { CheckpointError, writeTensorFlowCheckpoint } from './checkpoint/index.js'
export { checkSettings } from './checkSettings.js'
export { Detector, type DetectorOptions, type ReadScores } from './detector.js'
export { DivergedError } from './divergedError.js'
export { batchLoss, initialModel, type ModelOptions, type ModelParameters, predict } from './generative.js'
export { type RegulariserType, regulariser } from './regulariser.js'
export { type MetricsLine, RunDirectory } from './runDirectory.js'
export { loadModel, type SavedModel, saveState, toReference } from './saved/index.js'
export { countPredictions, type LogLikelihood, Scorer } from './scorer.js'
export {
  defaults,
  meanings,
  runName,
  type Setting,
  type SettingName,
  type Settings,
  settingNames,
  settingsTable,
} from './settings.js'
export { InvalidSettingsError, SettingsError } from './settingsError.js'
export { type TrainOptions, type TrainResult, train } from './train.js'
export { type TrainHooks, trainFromSettings } from './trainFromSettings.js'
export { type RunOptions, type TrainingData, TrainingRun } from './trainingRun.js'
export { initialState, type TrainState } from './trainState.js'
export { makeTrainStep, type StepMetrics, type StepOptions, type TrainStep } from './trainStep.js'
export type { Judge, ValidationData, ValidationMetrics, ValidationOptions } from './validation.js'
