/**
 * The file formats of checkpoints, which know tensors by name, dtype, shape and bytes (`tensors`; `half` has 16-bit numbers), but no model:
 * safetensors, ours; TensorFlow's, the reference's (`tensorflow`, its index in `table`, the `names` of its variables);
 * ONNX's (`encodeOnnx`, `decodeOnnx`, the numbers of its fields in `onnxSchema`), which hold a graph, too;
 * and the settings beside either, `params.json` (`params`). What a model makes of them is in `saved/`.
 */
export { decodeOnnx } from './decodeOnnx.js'
export { encodeOnnx } from './encodeOnnx.js'
export { fromHalves, greatestHalf, narrowToHalves, toHalves, widenHalves } from './half.js'
export { adamSlots, normNames, normScopes, referenceNames } from './names.js'
export type { OnnxModel } from './onnxSchema.js'
export { formatParams, type Params, parseParams, readParams, writeParams } from './params.js'
export {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  type Safetensors,
  type SafetensorsToWrite,
  type TensorToWrite,
  writeSafetensors,
} from './safetensors.js'
export { readTensorFlowCheckpoint, tensorFlowPrefix, writeTensorFlowCheckpoint } from './tensorflow.js'
export {
  CheckpointError,
  expectTensor,
  type StoredDtype,
  type StoredTensor,
  type StoredTensors,
  showShape,
  tensorOf,
} from './tensors.js'
