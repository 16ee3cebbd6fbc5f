import { conformanceOn } from './conformance.js'

// Every operator is enqueued.
await conformanceOn('ascend910b-enqueued', {
  soc: 'Ascend910B4',
  layout: 'split',
  open: { capture: 'off' },
  share: 0.2,
})
