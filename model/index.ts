/**
 * The generative model of reads, its training, and its scores. This is the folder's door.
 *
 * A training goes from `settings` (one table) through `trainFromSettings`, which reads the data (`trainingData`,
 * `validationData`; `dataOf` names the setting at fault) and opens the `runDirectory`, compares the settings with those that
 * a run there began with (`settingsOnResume`), and goes on to `train`. That opens a `trainingRun` (its `firstPosition` is
 * that of no checkpoint), which compiles the `trainStep` (the `generative` model over one of `cells/`, with its `regulariser` and
 * `optimiser`) and lets it change the `trainState` step by step, with what the `batchFeed` hands it; it logs
 * (`metricsWindow`), validates (`validation`), compares validations to stop early (`bestValidation`) and saves (`saved/`,
 * in the file formats of `checkpoint/`), so that a run of the same `runIdentity` goes on. Several processes are a
 * team (`teamOfProcesses`, `parallel/`): one leads and does all of this, the others `follow`. Reads are scored in one
 * `scoringPass` of all models: cut into `stretches`, they wait (`waitingLine`) for one of the rows of a batch
 * (`rowsOfBatch`), whose `streams` go through the models piece by piece. A `scorer` has one model, a `detector` gives the
 * ratio of two, `genusNetworks` (from a folder: `loadGenera`) what a model for each genus says, over one strand or both
 * (`scoreReads`); `detectorScores` puts them beside fitted scores.
 * All of it, calibrated, is a `savedDetector`, in one `detectorFile`; one comes with the package (`shipped`).
 * What a training tells goes to its `trainHooks`, and if asked for (`tensorBoardHooks`) into event files of `tensorboard/`,
 * with gradients that an `inspection` takes beside the steps.
 * A `classifier` goes the same way, from `classifierSettings` through `classification/`: a run trains any `network`.
 * Code of the user's own, such as that of a cell (`cellFile`), is run by `codeFile` alone (`engineResolver`: with this
 * engine).
 */
export type { TrainingData } from './batchFeed.js'
export type { ValidationMetric } from './bestValidation.js'
export { findCell } from './cellFile.js'
export { cellsIn, shippedCells } from './cells.js'
export {
  CheckpointError,
  decodeOnnx,
  encodeOnnx,
  type OnnxModel,
  writeTensorFlowCheckpoint,
} from './checkpoint/index.js'
export { checkClassifierSettings, checkSettings } from './checkSettings.js'
export {
  type ClassifierResult,
  loadClassifierData,
  loadClassifierValidation,
  openClassifierScores,
  trainClassifier,
} from './classification/index.js'
export {
  type ClassifierLoss,
  type ClassifierOptions,
  type ClassifierParameters,
  classifierLoss,
  hiddenLayer,
  initialClassifier,
} from './classifier.js'
export {
  type ClassifierSettingName,
  type ClassifierSettings,
  classifierDefaults,
  classifierRunName,
  classifierSettingNames,
  classifierSettingsTable,
} from './classifierSettings.js'
export { CodeFileError, importCodeFile, isCodeFile } from './codeFile.js'
export { Detector, type DetectorOptions, type ReadScores } from './detector.js'
export {
  type DetectorFile,
  isDetector,
  isDetectorFile,
  readDetectorFile,
  writeDetectorFile,
} from './detectorFile.js'
export { DetectorScores, type DetectorScoresOptions, type Track } from './detectorScores.js'
export { withEarlierChoices } from './deviceChoices.js'
export { DivergedError } from './divergedError.js'
export { FragmentClassifier, type FragmentClassifierOptions } from './fragmentClassifier.js'
export { batchLoss, initialModel, type ModelOptions, type ModelParameters, predict } from './generative.js'
export { GenusNetworks, type GenusNetworksOptions } from './genusNetworks.js'
export { GuessingWatch, lossOfGuessing } from './guessing.js'
export type { Inspector } from './inspection.js'
export { loadGenera } from './loadGenera.js'
export type { MetricsLine } from './metricsWindow.js'
export { generativeNetwork, type LoadedState, type Network } from './network.js'
export type { OptimiserName, OptimiserSettings } from './optimiser.js'
export { DisagreementError } from './parallel/index.js'
export { type RegulariserType, regulariser } from './regulariser.js'
export { rowsOfBatch } from './rowsOfBatch.js'
export { RunDirectory } from './runDirectory.js'
export {
  type ClassifierDescription,
  decodeModel,
  loadClassifier,
  loadModel,
  runIn,
  type SavedClassifier,
  type SavedModel,
  saveClassifier,
  saveOnnxModel,
  saveState,
  saveTorchLayout,
  toReference,
} from './saved/index.js'
export {
  decodeDetector,
  detectorOfModels,
  halvedDetector,
  loadDetector,
  networksOf,
  type SavedCalibration,
  type SavedDetector,
  saveDetector,
} from './savedDetector.js'
export { Scorer, type ScoringHooks } from './scorer.js'
export { countPredictions, type LogLikelihood } from './scoringPass.js'
export type { ResumeRule, Setting, SettingsOf, SettingsTable } from './settingKinds.js'
export {
  defaults,
  meanings,
  runName,
  type SettingName,
  type Settings,
  settingNames,
  settingsTable,
} from './settings.js'
export { InvalidSettingsError, type NamedSetting, SettingsError } from './settingsError.js'
export { shippedDetector } from './shipped.js'
export { classifierScoresOf, openClassifier, type StoredClassifier } from './storedClassifier.js'
export { type TrainOptions, type TrainResult, type TrainSettings, train, trainNetwork } from './train.js'
export { trainFromSettings } from './trainFromSettings.js'
export type { TrainHooks } from './trainHooks.js'
export { type RunOptions, type RunSettings, TrainingRun } from './trainingRun.js'
export { firstState, initialState, type TrainState } from './trainState.js'
export {
  makeNetworkStep,
  makeTrainStep,
  type Optimisation,
  type StepMetrics,
  type StepOptions,
  type TrainStep,
} from './trainStep.js'
export {
  compareGrid,
  type Grid,
  type GridPoint,
  gridPoints,
  scoreValidation,
  type TuneRow,
  type ValidationScores,
} from './tune.js'
export {
  type Judge,
  type Measured,
  Validation,
  type ValidationData,
  type ValidationMetrics,
  type ValidationOptions,
  type Validator,
} from './validation.js'
export { loadValidation } from './validationData.js'
export { version } from './version.js'
