import { conformanceOn } from './conformance.js'

// Operators that another version may lack: what they do is composed from others.
await conformanceOn('ascendcomposed', {
  soc: 'Ascend910A',
  layout: 'whole',
  refuse:
    'Minimum,GeTensor,EmbeddingDenseBackward,Exp2,Neg,TanhBackward,SigmoidBackward,Addmm,BitwiseXorTensor',
  share: 0.2,
})
