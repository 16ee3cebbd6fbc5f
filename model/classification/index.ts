/**
 * Classifiers as detectors: their training and their scores; the folder's door. `trainClassifier` reads the data
 * (`classifierData`: rows of bases and class), trains the network of ../classifier.ts in a run directory as any other
 * network, with a validator of its own (`classifierValidation`, over `classifierValidationData`), and at the end writes its
 * scores (`classifierDetector`). Those see it through ../fragmentClassifier.ts: the last hidden layer of fragments of any
 * length.
 */
export { type ClassifierData, loadClassifierData } from './classifierData.js'
export { openClassifierScores, writeClassifierDetector } from './classifierDetector.js'
export { ClassifierValidation } from './classifierValidation.js'
export { type ClassifierValidationData, loadClassifierValidation } from './classifierValidationData.js'
export { type ClassifierResult, trainClassifier } from './trainClassifier.js'
