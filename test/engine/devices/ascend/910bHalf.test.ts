import { conformanceOn } from './conformance.js'

// Products in fp16, their results, too.
await conformanceOn('ascend910b-half', {
  soc: 'Ascend910B4',
  layout: 'split',
  open: { precision: 'fp16' },
  share: 0.2,
})
