import { conformanceOn } from './conformance.js'

// Operators that another version may lack: what they do is composed from others.
await conformanceOn(
  'ascendcomposed',
  'Ascend910A',
  'whole',
  'Minimum,GeTensor,EmbeddingDenseBackward,Exp2,Neg',
)
