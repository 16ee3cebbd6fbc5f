export { adamSlots, normNames, normScopes, referenceNames } from './names.js'
export { formatParams, type Params, parseParams, readParams, writeParams } from './params.js'
export {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  type Safetensors,
  type TensorToWrite,
  writeSafetensors,
} from './safetensors.js'
export { readTensorFlowCheckpoint, tensorFlowPrefix, writeTensorFlowCheckpoint } from './tensorflow.js'
export {
  CheckpointError,
  elementBytes,
  elementCount,
  expectTensor,
  type Stored,
  type StoredDtype,
  type StoredTensor,
  type StoredTensors,
  tensorOf,
} from './tensors.js'
