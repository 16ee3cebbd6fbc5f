/**
 * Models in files: the folder's door. `loadModel` has `locate` find the file that a path means, and
 * `safetensorsModel` (ours) or `tensorFlowModel` (the reference's) turn its tensors into a training state by their names
 * (`savedModel`); `onnxModel` finds them in a graph (`onnxLayers`), `torchLayout` under PyTorch's names (both by `gateLayouts`:
 * in which order others have gates); `metadata` say the cell and the sizes. All write such files, too; `classifierModel` does
 * for classifiers. The file formats themselves, which know nothing of models, are in `checkpoint/`. `halved` rounds a
 * model to 16 bits.
 */

export {
  type ClassifierDescription,
  loadClassifier,
  loadClassifierToTrain,
  parseDescription,
  type SavedClassifier,
  saveClassifier,
} from './classifierModel.js'
export { halved } from './halved.js'
export { loadModel, loadToTrain } from './loadModel.js'
export { type Checkpoint, checkpointPath, checkpointsIn, runIn } from './locate.js'
export { saveOnnxModel } from './onnxModel.js'
export { decodeModel, modelOf, parametersOf, saveState } from './safetensorsModel.js'
export type { SavedModel } from './savedModel.js'
export { toReference } from './tensorFlowModel.js'
export { saveTorchLayout } from './torchLayout.js'
